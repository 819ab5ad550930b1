package main

// So many words of 64 bits, by value. A range over the channel would clear what it received each time.
type message interface {
	[1]uint64 | [8]uint64 | [32]uint64 | [128]uint64 | [512]uint64
}

func spscMessage[M message](messages uint64) {
	channel := make(chan M, 128)
	go func() {
		for value := range messages {
			var m M
			m[0], m[len(m)-1] = value, value
			channel <- m
		}
		close(channel)
	}()
	expected := uint64(0)
	for {
		m, ok := <-channel
		if !ok {
			break
		}
		check(m[0] == m[len(m)-1], "a message is torn")
		check(m[0] == expected, "a message was lost, doubled or out of order")
		expected++
	}
	check(expected == messages, "the last messages were lost")
}

// As many in channels.go, with four senders and four receivers.
func mpmcMessage[M message](messages uint64) {
	const ends = 4
	each := messages / ends
	channel := make(chan M, 128)
	received := make(chan uint64, ends)
	for range ends {
		go func() { received <- messageConsumer(channel) }()
	}
	sent := make(chan uint64, ends)
	for number := range uint64(ends) {
		go func() {
			sum := uint64(0)
			for count := uint64(1); count <= each; count++ {
				var m M
				m[0], m[len(m)-1] = number<<32|count, number<<32|count
				channel <- m
				sum += m[0]
			}
			sent <- sum
		}()
	}
	sum := uint64(0)
	for range ends {
		sum += <-sent
	}
	close(channel)
	for range ends {
		sum -= <-received
	}
	check(sum == 0, "a message was lost or doubled")
}

// What comes from the same sender must come in order.
func messageConsumer[M message](channel chan M) uint64 {
	var latest [4]uint64
	sum := uint64(0)
	for {
		m, ok := <-channel
		if !ok {
			break
		}
		check(m[0] == m[len(m)-1], "a message is torn")
		sender, count := m[0]>>32, m[0]&0xFFFF_FFFF
		check(count > latest[sender], "a message came twice or out of order")
		latest[sender] = count
		sum += m[0]
	}
	return sum
}
