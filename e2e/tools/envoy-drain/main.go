// Command envoy-drain tells the Envoy beside it to end its connections, and returns when it has none any more.
//
//	envoy-drain SOCKET LEAST MOST
//
// SOCKET is Envoy's administration interface. Each connection is told to close with its next answer. It takes at least LEAST
// (as 5s), in which those who send connections here hear that the pod stops, and no longer than MOST. What goes wrong is
// said, and is no reason to stop earlier: the pod ends either way.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	lookEvery = 250 * time.Millisecond
	// Envoy keeps the listeners open, and says to each connection that it is to end.
	drain = "http://envoy/drain_listeners?graceful&skip_exit"
	// Connections of each listener, as they are now; server.total_connections is what they were at the last flush of all stats.
	connections = `http://envoy/stats?filter=^listener\..*\.downstream_cx_active$`
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: envoy-drain SOCKET LEAST MOST")
	}
	least, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	most, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	begun := time.Now()
	client := clientOf(args[0])
	if _, err := ask(client, http.MethodPost, drain); err != nil {
		log.Printf("envoy-drain: %v", err)
	}
	for time.Since(begun) < most {
		open, err := openConnections(client)
		if err != nil {
			log.Printf("envoy-drain: %v", err)
		}
		if err == nil && open == 0 && time.Since(begun) >= least {
			return nil
		}
		time.Sleep(lookEvery)
	}
	return nil
}

func clientOf(socket string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DialContext: dial}}
}

// Of all listeners but the administration interface.
func openConnections(client *http.Client) (int, error) {
	// listener.0.0.0.0_443.downstream_cx_active: 3
	text, err := ask(client, http.MethodGet, connections)
	if err != nil {
		return 0, err
	}
	open := 0
	for line := range strings.Lines(text) {
		name, count, found := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(name, "listener.admin.") {
			continue
		}
		number, err := strconv.Atoi(count)
		if !found || err != nil {
			return 0, fmt.Errorf("Envoy does not say how many connections it has: %q", line)
		}
		open += number
	}
	return open, nil
}

func ask(client *http.Client, method, url string) (string, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", url, answer.Status, body)
	}
	return string(body), nil
}
