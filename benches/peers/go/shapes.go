package main

import (
	"slices"
	"sync"
)

func sieve(capacity int, count uint64) {
	primes := firstPrimes(count)
	last := primes[len(primes)-1]
	var goroutines sync.WaitGroup
	received := make([]uint64, len(primes))
	numbers := make(chan uint64, capacity)
	goroutines.Add(1 + len(primes))
	go func(to chan<- uint64) {
		for number := uint64(2); number <= last; number++ {
			to <- number
		}
		close(to)
		goroutines.Done()
	}(numbers)
	for i, prime := range primes {
		check(<-numbers == prime, "this is not the next prime")
		passed := make(chan uint64, capacity)
		go func(from <-chan uint64, to chan<- uint64) {
			count := uint64(0)
			for number := range from {
				count++
				if number%prime != 0 {
					to <- number
				}
			}
			close(to)
			received[i] = count
			goroutines.Done()
		}(numbers, passed)
		numbers = passed
	}
	_, more := <-numbers
	check(!more, "too much came out")
	goroutines.Wait()
	sum := count
	for _, count := range received {
		sum += count
	}
	check(sum == receives(primes), "a value was lost or doubled")
}

// How often the numbers up to the last of primes are received.
func receives(primes []uint64) uint64 {
	sum := uint64(0)
	for number := uint64(2); number <= primes[len(primes)-1]; number++ {
		place, prime := slices.BinarySearch(primes, number)
		if !prime {
			place = slices.IndexFunc(primes, func(prime uint64) bool { return number%prime == 0 })
		}
		sum += uint64(place) + 1
	}
	return sum
}

func firstPrimes(count uint64) []uint64 {
	var primes []uint64
next:
	for candidate := uint64(2); uint64(len(primes)) < count; candidate++ {
		for _, p := range primes {
			if p*p > candidate {
				break
			}
			if candidate%p == 0 {
				continue next
			}
		}
		primes = append(primes, candidate)
	}
	check(count != 2_500 || primes[count-1] == 22_307, "these are not the primes")
	return primes
}

func ring(capacity int, goroutines, hops uint64) {
	var others sync.WaitGroup
	next := make(chan uint64, capacity)
	previous := next
	for range goroutines - 1 {
		to := make(chan uint64, capacity)
		others.Add(1)
		go func(from <-chan uint64) {
			for token := range from {
				to <- token + 1
			}
			close(to)
			others.Done()
		}(previous)
		previous = to
	}
	token := uint64(0)
	for range hops / goroutines {
		next <- token + 1
		token = <-previous
	}
	check(token == hops, "a hop was left out or made twice")
	close(next)
	_, more := <-previous
	check(!more, "a second token came")
	others.Wait()
}

func skynet(leaves uint64) {
	sum := make(chan uint64)
	go node(sum, 0, leaves)
	check(<-sum == sumBelow(leaves), "a leaf was lost or counted twice")
}

func node(parent chan<- uint64, number, leaves uint64) {
	if leaves == 1 {
		parent <- number
		return
	}
	answers := make(chan uint64)
	each := leaves / 10
	for child := range uint64(10) {
		go node(answers, number+child*each, each)
	}
	sum := uint64(0)
	for range 10 {
		sum += <-answers
	}
	parent <- sum
}
