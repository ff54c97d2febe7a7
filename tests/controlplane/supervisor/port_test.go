package supervisor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAReservedPortIsSharedOnlyOnPurpose(t *testing.T) {
	port, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer port.release()
	address := fmt.Sprintf("127.0.0.1:%d", port.number)

	if connection, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the reservation takes connections: %v, %v", connection, err)
	}
	if listener, err := net.Listen("tcp", address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("somebody else gets the port: %v, %v", listener, err)
	}
	sharing := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) (err error) {
		_ = socket.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return err
	}}
	listener, err := sharing.Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatalf("the API server does not get the port: %v", err)
	}
	defer listener.Close()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("connections do not reach the API server: %v", err)
	}
	_ = connection.Close()
}

func TestReservationsDiffer(t *testing.T) {
	seen := map[int]bool{}
	for range 100 {
		port, err := reservePort()
		if err != nil {
			t.Fatal(err)
		}
		defer port.release()
		if seen[port.number] {
			t.Fatalf("port %d was given twice", port.number)
		}
		seen[port.number] = true
	}
}
