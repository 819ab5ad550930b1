// The scenarios of src/workload.rs in Go, line for line: what is said and checked there holds here.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "ticker_hogs" {
		tickerHogs()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "echo_server" {
		echoServer()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "http_server" {
		httpServer()
		return
	}
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: PEER SCENARIO WORKERS DIVISOR")
		os.Exit(2)
	}
	workers, err := strconv.Atoi(os.Args[2])
	divisor, err2 := strconv.ParseUint(os.Args[3], 10, 64)
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, "WORKERS and DIVISOR are numbers")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(workers)
	size := func(full uint64) uint64 { return max(full/max(divisor, 1)/10_000, 1) * 10_000 }
	switch scenario := os.Args[1]; scenario {
	case "pingpong_0":
		measure(size(500_000), func(n uint64) { pingpong(0, n) })
	case "pingpong_1":
		measure(size(500_000), func(n uint64) { pingpong(1, n) })
	case "spsc_128":
		measure(size(5_000_000), func(n uint64) { spsc(128, n) })
	case "spawn_join":
		measure(size(1_000_000), spawnJoin)
	case "select_4":
		measure(size(2_000_000), select4)
	case "yield":
		measure(size(10_000_000), yields)
	case "parked":
		measure(size(1_000_000), parked)
	default:
		fmt.Fprintf(os.Stderr, "no scenario is called %q\n", scenario)
		os.Exit(2)
	}
}

// A tenth of the size first, unmeasured; then all.
func measure(size uint64, scenario func(uint64)) {
	scenario(size / 10)
	cpu, _ := usage()
	start := time.Now()
	scenario(size)
	wall := time.Since(start)
	after, memory := usage()
	each := func(spent time.Duration) float64 { return float64(spent) / float64(size) }
	fmt.Printf("%.1f %.1f %d\n", each(wall), each(after-cpu), memory)
}

func pingpong(capacity int, rounds uint64) {
	ping := make(chan uint64, capacity)
	pong := make(chan uint64, capacity)
	sum := make(chan uint64, 1)
	go func() {
		total := uint64(0)
		for value := range ping {
			total += value
			pong <- value + 1
		}
		sum <- total
	}()
	for round := range rounds {
		ping <- round
		check(<-pong == round+1, "an answer is wrong")
	}
	close(ping)
	check(<-sum == sumBelow(rounds), "a value was lost or doubled")
}

func spsc(capacity int, messages uint64) {
	channel := make(chan uint64, capacity)
	go func() {
		for value := range messages {
			channel <- value
		}
		close(channel)
	}()
	expected := uint64(0)
	for value := range channel {
		check(value == expected, "a value was lost, doubled or out of order")
		expected++
	}
	check(expected == messages, "the last values were lost")
}

const batch = 1_000

// A result slot for each and one wait group for all: of Go's ways to wait for results the fastest
// (a channel for each costs half as much again).
func spawnJoin(goroutines uint64) {
	sum := uint64(0)
	results := make([]uint64, batch)
	for first := uint64(0); first < goroutines; first += batch {
		var group sync.WaitGroup
		group.Add(batch)
		for i := range results {
			go func() {
				results[i] = first + uint64(i)
				group.Done()
			}()
		}
		group.Wait()
		for _, result := range results {
			sum += result
		}
	}
	check(sum == sumBelow(goroutines), "a goroutine was lost or ran twice")
}

func select4(messages uint64) {
	each := messages / 4
	var from [4]chan uint64
	for i := range from {
		channel := make(chan uint64, 128)
		from[i] = channel
		go func() {
			for value := range each {
				channel <- value
			}
		}()
	}
	a, b, c, d := from[0], from[1], from[2], from[3]
	var expected [4]uint64
	for range each * 4 {
		var arm int
		var value uint64
		select {
		case value = <-a:
			arm = 0
		case value = <-b:
			arm = 1
		case value = <-c:
			arm = 2
		case value = <-d:
			arm = 3
		}
		check(value == expected[arm], "a value was lost, doubled or out of order")
		expected[arm]++
	}
	check(expected == [4]uint64{each, each, each, each}, "the last values were lost")
}

func yields(times uint64) {
	each := times / batch
	var group sync.WaitGroup
	group.Add(batch)
	for range batch {
		go func() {
			for range each {
				runtime.Gosched()
			}
			group.Done()
		}()
	}
	group.Wait()
}

// As in spawnJoin: a result slot for each and one wait group for all.
func parked(goroutines uint64) {
	gate := make(chan uint64)
	results := make([]uint64, goroutines)
	var come atomic.Uint64
	var group sync.WaitGroup
	group.Add(int(goroutines))
	for i := range results {
		go func() {
			come.Add(1)
			<-gate
			results[i] = uint64(i)
			group.Done()
		}()
	}
	for come.Load() < goroutines {
		runtime.Gosched()
	}
	close(gate)
	group.Wait()
	sum := uint64(0)
	for _, result := range results {
		sum += result
	}
	check(sum == sumBelow(goroutines), "a goroutine was lost")
}

func check(right bool, otherwise string) {
	if !right {
		panic(otherwise)
	}
}

func sumBelow(count uint64) uint64 { return count * (count - 1) / 2 }

// CPU time of the process so far, and its peak memory in KiB.
func usage() (time.Duration, int64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	memory := int64(usage.Maxrss)
	if runtime.GOOS == "darwin" {
		memory /= 1024
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), memory
}

// src/bin/ticker_hogs.rs: by how much is a ticker late beside goroutines that do not give way?
func tickerHogs() {
	const stretch = 200 * time.Millisecond
	runtime.GOMAXPROCS(2)
	length := 3 * time.Second
	if len(os.Args) > 2 {
		seconds, err := strconv.Atoi(os.Args[2])
		if err != nil {
			panic(err)
		}
		length = time.Duration(seconds) * time.Second
	}
	end := time.Now().Add(length)
	for range 4 {
		go func() {
			for time.Now().Before(end) {
				// A sleep of the thread's, which the scheduler takes for any system call that blocks.
				request := syscall.NsecToTimespec(stretch.Nanoseconds())
				syscall.Nanosleep(&request, nil)
				runtime.Gosched()
			}
		}()
		go func() {
			for time.Now().Before(end) {
				for until := time.Now().Add(stretch); time.Now().Before(until); {
				}
				runtime.Gosched()
			}
		}()
	}
	done := make(chan []time.Duration)
	go func() {
		var late []time.Duration
		for next := time.Now().Add(time.Millisecond); next.Before(end); next = next.Add(time.Millisecond) {
			time.Sleep(time.Until(next))
			late = append(late, time.Since(next))
		}
		done <- late
	}()
	late := <-done
	slices.Sort(late)
	at := func(share float64) float64 {
		return float64(late[int(float64(len(late)-1)*share)]) / 1e6
	}
	fmt.Printf("%.2f %.2f %.2f\n", at(0.5), at(0.99), at(1))
}

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
