// The scenarios of src/workload in Go, file by file: what is said and checked there holds here.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "echo_server" {
		echoServer()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "http_server" {
		httpServer()
		return
	}
	numbers := numbers()
	runtime.GOMAXPROCS(int(numbers[0]))
	if !run(os.Args[1], scale{divisor: max(numbers[1], 1), size: numbers[2]}) {
		fmt.Fprintf(os.Stderr, "no scenario is called %q\n", os.Args[1])
		os.Exit(2)
	}
}

// WORKERS, DIVISOR and N, which is 0 where it is not there.
func numbers() (numbers [3]uint64) {
	arguments := os.Args[min(2, len(os.Args)):]
	if len(arguments) == 4 && arguments[2] == "--size" {
		arguments = []string{arguments[0], arguments[1], arguments[3]}
	} else if len(arguments) != 2 {
		fmt.Fprintln(os.Stderr, "usage: PEER SCENARIO WORKERS DIVISOR [--size N]")
		os.Exit(2)
	}
	for i, text := range arguments {
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "WORKERS, DIVISOR and N are numbers")
			os.Exit(2)
		}
		numbers[i] = number
	}
	return numbers
}

// The sizes of src/workload/lib.rs.
func run(scenario string, scale scale) bool {
	switch scenario {
	case "pingpong_0":
		warm(scale.operations(500_000), func(n uint64) { pingpong(0, n) })
	case "pingpong_1":
		warm(scale.operations(500_000), func(n uint64) { pingpong(1, n) })
	case "spsc_0":
		warm(scale.operations(2_000_000), func(n uint64) { spsc(0, n) })
	case "spsc_1":
		warm(scale.operations(2_000_000), func(n uint64) { spsc(1, n) })
	case "spsc_128":
		warm(scale.operations(5_000_000), func(n uint64) { spsc(128, n) })
	case "mpsc_128":
		senders := scale.dimension(4)
		warm(scale.whole(4_000_000, senders), func(n uint64) { many(128, senders, 1, n) })
	case "mpmc_0":
		ends := scale.dimension(4)
		warm(scale.whole(1_000_000, ends), func(n uint64) { many(0, ends, ends, n) })
	case "mpmc_128":
		ends := scale.dimension(4)
		warm(scale.whole(4_000_000, ends), func(n uint64) { many(128, ends, ends, n) })
	case "contended_128":
		ends := scale.dimension(64)
		warm(scale.whole(4_000_000, ends), func(n uint64) { many(128, ends, ends, n) })
	case "select_2":
		warm(scale.operations(2_000_000), select2)
	case "select_4":
		warm(scale.operations(2_000_000), select4)
	case "select_8":
		warm(scale.operations(2_000_000), select8)
	case "spawn_join":
		batch := scale.dimension(1_000)
		all := max(scale.operations(1_000_000), batch)
		warm(all, func(n uint64) { spawnJoin(batch, n) })
	case "spawn_detached":
		warm(scale.shrinking(1_000_000, 10_000), spawnDetached)
	case "spawn_chain":
		warm(scale.shrinking(1_000_000, 10_000), spawnChain)
	case "yield":
		goroutines := scale.dimension(1_000)
		warm(scale.whole(10_000_000, goroutines), func(n uint64) { yields(goroutines, n) })
	case "sieve_0":
		warm(scale.shrinkingBySquare(2_500, 100), func(n uint64) { sieve(0, n) })
	case "sieve_1":
		warm(scale.shrinkingBySquare(2_500, 100), func(n uint64) { sieve(1, n) })
	case "ring_0":
		goroutines := scale.dimension(10_000)
		warm(scale.whole(1_000_000, goroutines), func(n uint64) { ring(0, goroutines, n) })
	case "ring_1":
		goroutines := scale.dimension(10_000)
		warm(scale.whole(1_000_000, goroutines), func(n uint64) { ring(1, goroutines, n) })
	case "skynet":
		leaves := uint64(1)
		for leaves*10 <= scale.shrinking(1_000_000, 100) {
			leaves *= 10
		}
		warm(leaves, skynet)
	case "parked":
		cold(scale.shrinking(1_000_000, 10_000), parked)
	case "asleep":
		cold(scale.dimension(100_000), asleep)
	case "timers":
		cold(scale.shrinking(100_000, 1_000)*sleeps, timers)
	case "ticker":
		cold(scale.shrinking(2_000, 500), func(n uint64) findings { return ticker(nobody, n) })
	case "ticker_blocked":
		cold(scale.shrinking(2_000, 500), func(n uint64) findings { return ticker(blocked, n) })
	case "ticker_channels":
		cold(scale.shrinking(2_000, 500), func(n uint64) findings { return ticker(channels, n) })
	case "ticker_computing":
		cold(scale.shrinking(2_000, 500), func(n uint64) findings { return ticker(computing, n) })
	default:
		return growing(scenario, scale)
	}
	return true
}

// The scenarios of growth.sh alone. A message's size is in bytes.
func growing(scenario string, scale scale) bool {
	switch scenario {
	case "select_1":
		warm(scale.whole(2_000_000, 1), select1)
	case "select_16":
		warm(scale.whole(2_000_000, 16), select16)
	case "select_32":
		warm(scale.whole(2_000_000, 32), select32)
	case "select_64":
		warm(scale.whole(2_000_000, 64), select64)
	case "spsc_message_8":
		warm(scale.operations(2_000_000), spscMessage[[1]uint64])
	case "spsc_message_64":
		warm(scale.operations(2_000_000), spscMessage[[8]uint64])
	case "spsc_message_256":
		warm(scale.operations(2_000_000), spscMessage[[32]uint64])
	case "spsc_message_1024":
		warm(scale.operations(2_000_000), spscMessage[[128]uint64])
	case "spsc_message_4096":
		warm(scale.operations(2_000_000), spscMessage[[512]uint64])
	case "mpmc_message_8":
		warm(scale.operations(1_000_000), mpmcMessage[[1]uint64])
	case "mpmc_message_64":
		warm(scale.operations(1_000_000), mpmcMessage[[8]uint64])
	case "mpmc_message_256":
		warm(scale.operations(1_000_000), mpmcMessage[[32]uint64])
	case "mpmc_message_1024":
		warm(scale.operations(1_000_000), mpmcMessage[[128]uint64])
	case "mpmc_message_4096":
		warm(scale.operations(1_000_000), mpmcMessage[[512]uint64])
	default:
		return false
	}
	return true
}

// How large a run is; a size of 0 is none.
type scale struct{ divisor, size uint64 }

func (s scale) operations(full uint64) uint64 { return s.whole(full, 1_000) }

func (s scale) whole(full, unit uint64) uint64 {
	tens := unit * 10
	return max(full/s.divisor/tens, 1) * tens
}

func (s scale) dimension(full uint64) uint64 {
	if s.size != 0 {
		full = s.size
	}
	return max(full, 2)
}

func (s scale) shrinking(full, least uint64) uint64 {
	return s.dimension(max(full/s.divisor, least))
}

// The same of one with whose square the work grows: it is the work that is divided.
func (s scale) shrinkingBySquare(full, least uint64) uint64 {
	root := uint64(math.Sqrt(float64(full * full / s.divisor)))
	return s.dimension(max(root, least))
}

// What a scenario found out besides its cost.
type findings []finding

type finding struct {
	name  string
	value float64
}

// A tenth of the size first, unmeasured; then all.
func warm(size uint64, scenario func(uint64)) {
	scenario(size / 10)
	cold(size, func(n uint64) findings { scenario(n); return nil })
}

// All at once.
func cold(size uint64, scenario func(uint64) findings) {
	cpu, _ := usage()
	start := time.Now()
	found := scenario(size)
	wall := time.Since(start)
	after, memory := usage()
	each := func(spent time.Duration) float64 { return float64(spent) / float64(size) }
	var line strings.Builder
	fmt.Fprintf(&line, "%.1f %.1f %d", each(wall), each(after-cpu), memory)
	for _, finding := range found {
		fmt.Fprintf(&line, " %s=%.1f", finding.name, finding.value)
	}
	fmt.Println(line.String())
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
