package main

import (
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

const sleeps = 10

// As in spawnJoin, a result slot for each; the wait group is the channel that all answer on.
func timers(count uint64) findings {
	results := make([]time.Duration, count/sleeps)
	done := make(chan struct{}, 128)
	for i := range results {
		go func() {
			start := time.Now()
			total := time.Duration(0)
			for sleep := range uint64(sleeps) {
				length := sleepLength(uint64(i), sleep)
				time.Sleep(length)
				total += length
			}
			check(time.Since(start) >= total, "a sleep was cut short")
			results[i] = total
			done <- struct{}{}
		}()
	}
	for range results {
		<-done
	}
	longest := time.Duration(0)
	for i, result := range results {
		total := time.Duration(0)
		for sleep := range uint64(sleeps) {
			total += sleepLength(uint64(i), sleep)
		}
		check(result == total, "a sleep was left out or made twice")
		longest = max(longest, total)
	}
	return findings{{"ideal", float64(longest) / float64(count)}}
}

// splitmix64 of the goroutine's number.
func sleepLength(number, sleep uint64) time.Duration {
	z := (number*sleeps + sleep + 1) * 0x9E37_79B9_7F4A_7C15
	z = (z ^ z>>30) * 0xBF58_476D_1CE4_E5B9
	z = (z ^ z>>27) * 0x94D0_49BB_1331_11EB
	z ^= z >> 31
	return time.Duration(1_000+z%99_001) * time.Microsecond
}

// Who is there beside the ticker.
type beside int

const (
	nobody beside = iota
	blocked
	computing
	channels
)

func ticker(who beside, ticks uint64) findings {
	var over atomic.Bool
	counts := make(chan [2]uint64, 4)
	hogs := 0
	switch who {
	case blocked:
		hogs = 4
		for range hogs {
			go hog(block, &over, counts)
		}
	case computing:
		hogs = 4
		for range hogs {
			go hog(compute, &over, counts)
		}
	case channels:
		hogs = 2
		for range hogs {
			go talk(&over, counts)
		}
	}
	late := make([]time.Duration, 0, ticks)
	next := time.Now()
	for range ticks {
		next = next.Add(time.Millisecond)
		time.Sleep(time.Until(next))
		lateness := time.Since(next)
		check(lateness >= 0, "a tick came before its time")
		late = append(late, lateness)
	}
	over.Store(true)
	for range hogs {
		count := <-counts
		check(count[0] > 0, "who was beside never ran")
		check(count[0] == count[1], "a value was lost or doubled")
	}
	slices.Sort(late)
	at := func(share float64) float64 {
		return float64(late[int(float64(len(late)-1)*share)]) / 1e3
	}
	return findings{{"late_median", at(0.5)}, {"late_p99", at(0.99)}, {"late_most", at(1)}}
}

func hog(busy func(time.Duration), over *atomic.Bool, counts chan<- [2]uint64) {
	for times := uint64(1); ; times++ {
		busy(200 * time.Millisecond)
		if over.Load() {
			counts <- [2]uint64{times, times}
			return
		}
		runtime.Gosched()
	}
}

// A sleep of the thread's, which the scheduler takes for any system call that blocks.
func block(length time.Duration) {
	request := syscall.NsecToTimespec(length.Nanoseconds())
	syscall.Nanosleep(&request, nil)
}

func compute(length time.Duration) {
	for start := time.Now(); time.Since(start) < length; {
	}
}

// One that asks and one that answers.
func talk(over *atomic.Bool, counts chan<- [2]uint64) {
	ask, answer := make(chan uint64, 1), make(chan uint64, 1)
	answers := make(chan uint64, 1)
	go func() {
		count := uint64(0)
		for value := range ask {
			answer <- value + 1
			count++
		}
		answers <- count
	}()
	count := uint64(0)
	for !over.Load() {
		ask <- count
		count++
		check(<-answer == count, "an answer is wrong")
	}
	close(ask)
	counts <- [2]uint64{count, <-answers}
}
