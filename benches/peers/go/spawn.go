package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A result slot for each and one wait group for all: of Go's ways to wait for results the fastest
// (a channel for each costs half as much again).
func spawnJoin(batch, goroutines uint64) {
	sum := uint64(0)
	slots := make([]uint64, batch)
	for first := uint64(0); first < goroutines; first += batch {
		results := slots[:min(batch, goroutines-first)]
		var group sync.WaitGroup
		group.Add(len(results))
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

func spawnDetached(goroutines uint64) {
	var sum atomic.Uint64
	var group sync.WaitGroup
	for number := range goroutines {
		group.Add(1)
		go func() {
			sum.Add(number)
			group.Done()
		}()
	}
	group.Wait()
	check(sum.Load() == sumBelow(goroutines), "a goroutine was lost or ran twice")
}

func spawnChain(goroutines uint64) {
	told := make(chan uint64, 1)
	go link(0, goroutines-1, 0, told)
	check(<-told == sumBelow(goroutines), "a goroutine was lost or ran twice")
}

func link(number, last, sum uint64, told chan uint64) {
	sum += number
	if number < last {
		go link(number+1, last, sum, told)
	} else {
		told <- sum
	}
}

func yields(goroutines, times uint64) {
	each := times / goroutines
	results := make([]uint64, goroutines)
	var group sync.WaitGroup
	group.Add(len(results))
	for i := range results {
		go func() {
			for range each {
				runtime.Gosched()
			}
			results[i] = each
			group.Done()
		}()
	}
	group.Wait()
	sum := uint64(0)
	for _, result := range results {
		sum += result
	}
	check(sum == times, "a goroutine was lost")
}
