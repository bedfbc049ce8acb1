// Keyring makes a throwaway key in the two files that Helm signs and verifies with: secring.gpg and pubring.gpg.
//
//	keyring FOLDER NAME
//
// GnuPG has not written Helm's kind of secret keyring since 2.1, and is not on every machine; the library that Helm itself
// reads them with is in this module already.
package main

import (
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: keyring FOLDER NAME")
	}
	// RSA, because every version of Helm reads it.
	entity, err := openpgp.NewEntity(os.Args[2], "", "", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	if err != nil {
		log.Fatal(err)
	}
	write("secring.gpg", func(w io.Writer) error { return entity.SerializePrivate(w, nil) })
	write("pubring.gpg", entity.Serialize)
}

func write(name string, serialize func(io.Writer) error) {
	file, err := os.OpenFile(filepath.Join(os.Args[1], name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	if err := serialize(file); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}
