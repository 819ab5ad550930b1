package main

//go:generate go run arms.go

// As many producers, each with a channel of 128 of its own.
func producers(count int, messages uint64) []chan uint64 {
	from := make([]chan uint64, count)
	for i := range from {
		channel := make(chan uint64, 128)
		from[i] = channel
		go func() {
			for value := range messages / uint64(count) {
				channel <- value
			}
		}()
	}
	return from
}

func complete(received []uint64, messages uint64) {
	for _, count := range received {
		check(count == messages/uint64(len(received)), "the last values were lost")
	}
}

func select2(messages uint64) {
	from := producers(2, messages)
	a, b := from[0], from[1]
	var expected [2]uint64
	for range messages {
		var arm int
		var value uint64
		select {
		case value = <-a:
			arm = 0
		case value = <-b:
			arm = 1
		}
		check(value == expected[arm], "a value was lost, doubled or out of order")
		expected[arm]++
	}
	complete(expected[:], messages)
}

func select4(messages uint64) {
	from := producers(4, messages)
	a, b, c, d := from[0], from[1], from[2], from[3]
	var expected [4]uint64
	for range messages {
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
	complete(expected[:], messages)
}

func select8(messages uint64) {
	from := producers(8, messages)
	a, b, c, d, e, f, g, h := from[0], from[1], from[2], from[3], from[4], from[5], from[6], from[7]
	var expected [8]uint64
	for range messages {
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
		case value = <-e:
			arm = 4
		case value = <-f:
			arm = 5
		case value = <-g:
			arm = 6
		case value = <-h:
			arm = 7
		}
		check(value == expected[arm], "a value was lost, doubled or out of order")
		expected[arm]++
	}
	complete(expected[:], messages)
}
