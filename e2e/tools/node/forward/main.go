// Command forward listens where it was started and dials from inside the network namespace of another process.
//
//	forward -pid PID LISTEN=TARGET [LISTEN=TARGET]...     both as address:port
//
// A socket stays in the namespace in which it was made: it listens first, then joins the namespace, and starts itself
// anew there, because only so do all threads of a Go program change over. Nothing of the host's network is changed.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// dialTimeout is short: the target is on this machine.
const dialTimeout = 2 * time.Second

func main() {
	pid := flag.Int("pid", 0, "the process in whose network namespace the targets are")
	inherited := flag.String("inherited", "", "for its own use: the file descriptors of the listeners")
	flag.Parse()
	if *pid == 0 || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *inherited == "" {
		log.Fatal(listenAndMove(*pid, flag.Args()))
	}
	log.Fatal(serve(strings.Split(*inherited, ","), flag.Args()))
}

// listenAndMove does not return but with an error: the program is replaced by itself.
func listenAndMove(pid int, pairs []string) error {
	var descriptors []string
	for _, pair := range pairs {
		address, _, found := strings.Cut(pair, "=")
		if !found {
			return fmt.Errorf("%q is not LISTEN=TARGET", pair)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		file, err := listener.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		// A copy that is not closed by exec.
		descriptor, err := unix.Dup(int(file.Fd()))
		if err != nil {
			return err
		}
		descriptors = append(descriptors, strconv.Itoa(descriptor))
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join the network namespace of process %d: %w", pid, err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	again := []string{os.Args[0], "-inherited=" + strings.Join(descriptors, ","), "-pid=" + strconv.Itoa(pid)}
	return unix.Exec(self, append(again, pairs...), os.Environ())
}

func serve(descriptors []string, pairs []string) error {
	failed := make(chan error)
	for i, text := range descriptors {
		descriptor, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		listener, err := net.FileListener(os.NewFile(uintptr(descriptor), "listener"))
		if err != nil {
			return err
		}
		_, target, _ := strings.Cut(pairs[i], "=")
		go func() { failed <- accept(listener, target) }()
	}
	return <-failed
}

func accept(listener net.Listener, target string) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go carry(connection.(*net.TCPConn), target)
	}
}

// carry joins two connections until both sides have said their last.
func carry(from *net.TCPConn, target string) {
	defer from.Close()
	dialed, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		return
	}
	to := dialed.(*net.TCPConn)
	defer to.Close()
	done := make(chan struct{})
	go func() {
		copyAndEnd(to, from)
		close(done)
	}()
	copyAndEnd(from, to)
	<-done
}

func copyAndEnd(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		// A broken side breaks the other: a half that nobody reads would keep it for ever.
		_ = from.Close()
		_ = to.Close()
		return
	}
	_ = to.CloseWrite()
}
