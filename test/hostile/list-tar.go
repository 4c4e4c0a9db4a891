// Lists archives as container engines read them: by the reader of Go's standard library. Reads archives, each behind four
// bytes of its length, and answers each with a line of JSON.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
)

type entry struct {
	Name, Link, Capability []byte
	Type                   string
	Mode, Size             int64
	Content                string
}

type answer struct {
	Entries []entry
	Failure string
}

func list(archive []byte) answer {
	found := answer{Entries: []entry{}}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			found.Failure = err.Error()
			return found
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		one := entry{
			Name: []byte(header.Name), Link: []byte(header.Linkname), Type: string(header.Typeflag), Mode: header.Mode, Size: header.Size,
			Capability: []byte(header.PAXRecords["SCHILY.xattr.security.capability"]),
		}
		hash := sha256.New()
		if header.Size < 1<<20 {
			if _, err := io.Copy(hash, reader); err != nil {
				found.Failure = err.Error()
			}
		}
		one.Content = hex.EncodeToString(hash.Sum(nil))
		found.Entries = append(found.Entries, one)
		if found.Failure != "" {
			return found
		}
	}
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		var length uint32
		if binary.Read(in, binary.BigEndian, &length) != nil {
			return
		}
		archive := make([]byte, length)
		if _, err := io.ReadFull(in, archive); err != nil {
			return
		}
		line, _ := json.Marshal(list(archive))
		os.Stdout.Write(append(line, '\n'))
	}
}
