package tollgateconnector

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
)

const (
	shortestPause = time.Second
	longestPause  = 30 * time.Second
	// A process that ran this long is taken as sound: the next pause is the shortest again.
	soundAfter = time.Minute
	// Longer than Tollgate needs to settle what waits.
	gracePeriod = 20 * time.Second
	// A line of its log that is longer is cut.
	longestLine = 64 << 10
)

// process runs Tollgate and starts it again when it ends, for as long as the Collector runs.
type process struct {
	command []string
	logger  *zap.Logger

	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func newProcess(command []string, logger *zap.Logger) *process {
	return &process{command: command, logger: logger, cancel: func() {}}
}

func (p *process) start() {
	if len(p.command) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.ended.Go(func() { p.keepRunning(ctx) })
}

// stop ends Tollgate as a service manager would: SIGTERM, and time to finish.
func (p *process) stop(context.Context) {
	p.cancel()
	p.ended.Wait()
}

func (p *process) keepRunning(ctx context.Context) {
	pause := shortestPause
	for {
		began := time.Now()
		err := p.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > soundAfter {
			pause = shortestPause
		}
		p.logger.Error("Tollgate ended; it is started again", zap.String("command", p.command[0]), zap.Error(err), zap.Duration("in", pause))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func (p *process) runOnce(ctx context.Context) error {
	reader, writer := io.Pipe()
	var copied sync.WaitGroup
	copied.Go(func() { p.copyLog(reader) })
	command := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	command.Stdout, command.Stderr = writer, writer
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = gracePeriod
	err := runTiedToThisProcess(command)
	_ = writer.Close() // a pipe's writer cannot fail to close
	copied.Wait()
	return err
}

// copyLog turns lines into the Collector's log. Tollgate logs no prompts and no keys.
func (p *process) copyLog(from io.Reader) {
	lines := bufio.NewReaderSize(from, longestLine)
	for {
		line, isCut, err := lines.ReadLine()
		if len(line) > 0 {
			p.logger.Info(string(line), zap.String("from", "tollgate"))
		}
		for isCut && err == nil {
			_, isCut, err = lines.ReadLine()
		}
		if err != nil {
			return
		}
	}
}
