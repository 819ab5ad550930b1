// The other side of `tests/http/go.rs`, by Go's net/http.
//
//	peer server 1|2         serves /hello and /echo, prints its address, and ends with its input
//	peer client 1|2 ADDR    asks the site at ADDR for many things at once, and prints "good"
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Only the one version, without TLS.
func protocols(version string) *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(version == "1")
	p.SetUnencryptedHTTP2(version == "2")
	return &p
}

func server(version string) {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello over HTTP/%d", r.ProtoMajor)
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		_, err := io.Copy(w, r.Body)
		check(err)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	s := http.Server{Protocols: protocols(version)}
	go s.Serve(listener)
	io.Copy(io.Discard, os.Stdin)
}

func client(version, addr string) {
	c := http.Client{Transport: &http.Transport{
		Protocols:           protocols(version),
		MaxIdleConnsPerHost: 8,
	}}
	ask := func(round int) {
		response, err := c.Get("http://" + addr + "/count/1000")
		check(err)
		text, err := io.ReadAll(response.Body)
		check(err)
		if fmt.Sprint(response.ProtoMajor) != version || !bytes.HasSuffix(text, []byte("\nline 1000\n")) {
			panic(fmt.Sprintf("%s %s", response.Proto, text))
		}
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1+round*4000)
		response, err = c.Post("http://"+addr+"/echo", "text/plain", bytes.NewReader(sent))
		check(err)
		got, err := io.ReadAll(response.Body)
		check(err)
		if !bytes.Equal(sent, got) {
			panic(fmt.Sprintf("%d bytes were sent and %d came back", len(sent), len(got)))
		}
	}
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < 10; round++ {
				ask(round)
			}
		}()
	}
	all.Wait()
	fmt.Println("good")
}

func main() {
	if os.Args[1] == "server" {
		server(os.Args[2])
	} else {
		client(os.Args[2], os.Args[3])
	}
}
