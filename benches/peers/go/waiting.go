package main

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What the count of those that have come says once the gate is open.
const opened = math.MaxUint64

// As in spawnJoin: a result slot for each and one wait group for all.
func parked(goroutines uint64) findings {
	gate := make(chan uint64)
	var come atomic.Uint64
	before, start := resident(), time.Now()
	results := make([]uint64, goroutines)
	var group sync.WaitGroup
	group.Add(int(goroutines))
	for i := range results {
		go func() {
			come.Add(1)
			<-gate
			check(come.Load() == opened, "the gate was not closed")
			results[i] = uint64(i)
			group.Done()
		}()
	}
	untilCome(&come, goroutines)
	found, spawned := brought(before, goroutines), time.Since(start)
	come.Store(opened)
	close(gate)
	group.Wait()
	sum := uint64(0)
	for _, result := range results {
		sum += result
	}
	released := time.Since(start) - spawned
	check(sum == sumBelow(goroutines), "a goroutine was lost")
	found = append(found, finding{"spawn", float64(spawned) / float64(goroutines)})
	return append(found, finding{"release", float64(released) / float64(goroutines)})
}

// They end with the process.
func asleep(goroutines uint64) findings {
	var come, woken atomic.Uint64
	before := resident()
	for range goroutines {
		go func() {
			come.Add(1)
			time.Sleep(time.Hour)
			woken.Add(1)
		}()
	}
	untilCome(&come, goroutines)
	found := brought(before, goroutines)
	check(woken.Load() == 0, "a sleep was cut short")
	return found
}

func untilCome(come *atomic.Uint64, goroutines uint64) {
	for come.Load() < goroutines {
		runtime.Gosched()
	}
	runtime.Gosched()
	check(come.Load() == goroutines, "a goroutine ran twice")
}

func brought(before int, goroutines uint64) findings {
	if before == 0 {
		return nil
	}
	return findings{{"bytes", float64(max(resident()-before, 0)) / float64(goroutines)}}
}

// The resident memory of the process in bytes; 0 where there is no /proc that tells it.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}
