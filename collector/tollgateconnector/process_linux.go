package tollgateconnector

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runTiedToThisProcess runs a command that gets SIGTERM also when the Collector is killed. The kernel ties that to the
// thread that started it, so the thread is kept.
func runTiedToThisProcess(command *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return command.Run()
}
