package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// src/bin/echo_server.rs: WORKERS BUFFER [PAIRS].
func echoServer() {
	var numbers [3]int
	for i, text := range os.Args[2:] {
		number, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		numbers[i] = number
	}
	runtime.GOMAXPROCS(numbers[0])
	for range numbers[2] {
		ping, pong := make(chan uint64, 1), make(chan uint64, 1)
		go func() {
			for value := range ping {
				pong <- value + 1
			}
		}()
		go func() {
			for value := uint64(0); ; value++ {
				ping <- value
				<-pong
			}
		}()
	}
	// Its queue is as long as the system allows, and TCP_NODELAY is set on what it accepts.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer connection.Close()
			buffer := make([]byte, numbers[1])
			for {
				read, err := connection.Read(buffer)
				if err != nil {
					return
				}
				if _, err := connection.Write(buffer[:read]); err != nil {
					return
				}
			}
		}()
	}
}

// src/bin/http_server.rs: WORKERS.
func httpServer() {
	workers, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(workers)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	hello := []byte("Hello, World!")
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(hello)
	})))
}
