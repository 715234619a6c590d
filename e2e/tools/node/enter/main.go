// Command enter runs a program inside the namespaces and the cgroups of another process, and ends as that program ends.
//
//	enter -pid PID [-cgroup FOLDER]... -- PROGRAM [ARGUMENT]...
//
// Signals that it gets it passes on; killed itself, it takes the program with it. nsenter(1) does neither: who stops
// nsenter leaves the program behind.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaces are the files below /proc/PID/ns, in the order in which they are joined: after "mnt" the host's /proc is
// out of sight, so all of them are opened first.
var namespaces = []string{"cgroup", "ipc", "uts", "net", "pid", "mnt"}

type folders []string

func (f *folders) String() string         { return strings.Join(*f, ",") }
func (f *folders) Set(value string) error { *f = append(*f, value); return nil }

func main() {
	pid := flag.Int("pid", 0, "the process whose namespaces are entered")
	var cgroups folders
	flag.Var(&cgroups, "cgroup", "the folder of a cgroup to join, as the caller sees it; may be repeated")
	last := flag.Bool("last", false, "for its own use: the namespaces are entered, only the program is to come")
	flag.Parse()
	if (*pid == 0 && !*last) || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *last {
		fmt.Fprintf(os.Stderr, "enter: %v\n", become(flag.Args()))
		os.Exit(1)
	}
	code, err := run(*pid, cgroups, flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "enter: %v\n", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run gives the program's exit code; 128 and the signal's number when a signal ended it.
func run(pid int, cgroups []string, command []string) (int, error) {
	// The namespaces, and the parent's death that the program is told of, are those of a thread.
	runtime.LockOSThread()
	// Asked while /proc is the one that knows this process; the node sees the file at the same path.
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	for _, folder := range cgroups {
		if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			return 0, err
		}
	}
	if err := join(pid); err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2)

	program := exec.Command(self, append([]string{"-last", "--"}, command...)...)
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	program.Dir = "/"
	if err := program.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			_ = program.Process.Signal(s)
		}
	}()
	err = program.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	status, _ := program.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// become ties the program to this process's parent, and turns into it. Go's own Pdeathsig takes a parent in another pid
// namespace for one that has died.
func become(command []string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", command[0], unix.Exec(command[0], command, os.Environ()))
}

// join moves the calling thread into the namespaces of a process. A pid namespace counts for its children.
func join(pid int) error {
	files := make([]*os.File, 0, len(namespaces))
	for _, name := range namespaces {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, name))
		if err != nil {
			return err
		}
		defer file.Close()
		files = append(files, file)
	}
	// A thread that shares its root folder with others may not change its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	for i, file := range files {
		if err := unix.Setns(int(file.Fd()), 0); err != nil {
			return fmt.Errorf("join the %s namespace of process %d: %w", namespaces[i], pid, err)
		}
	}
	return nil
}
