// Command probe is what tests run in pods: one static program that serves, asks, resolves, and keeps a file.
//
//	probe serve PORT        answers every request with the pod's name
//	probe get URL           prints the answer
//	probe write FILE TEXT   writes a file
//	probe read FILE         prints a file
//	probe ids               prints /proc/self/uid_map
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

// timeout is for one request; who waits for something to come about asks again.
const timeout = 2 * time.Second

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 2 && args[0] == "get":
		return get(args[1])
	case len(args) == 3 && args[0] == "write":
		return os.WriteFile(args[1], []byte(args[2]), 0o600)
	case len(args) == 2 && args[0] == "read":
		return show(args[1])
	case len(args) == 1 && args[0] == "ids":
		return show("/proc/self/uid_map")
	}
	return fmt.Errorf("probe: unknown command %q", args)
}

func serve(port string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("serving")
	return http.ListenAndServe(":"+port, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, name)
	}))
}

func get(url string) error {
	client := http.Client{Timeout: timeout}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func show(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}
