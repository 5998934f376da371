//go:build !linux

package tollgateconnector

import "os/exec"

// runTiedToThisProcess runs a command; where the kernel cannot tie it to the Collector, a killed Collector leaves it running.
func runTiedToThisProcess(command *exec.Cmd) error {
	return command.Run()
}
