// Reads an authority's alerts live over gRPC, and goes on where it was after a break of any kind.
//
// ALERTS_ADDRESS says where, TOKEN_FILE has a bearer token, CURSOR_FILE remembers how far this program has come. TLS_AUTHORITY,
// TLS_CERTIFICATE and TLS_KEY name certificates (PEM); without them the connection is plain text, for this machine only.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	alerts "imi.example/subscriber/generated/protos/alerts/v1"
)

const (
	firstPause   = 200 * time.Millisecond
	longestPause = 30 * time.Second
	// The service says something every 30 s at the latest.
	deadAfter = 75 * time.Second
)

// A connection that answers no ping is given up: one that a firewall has forgotten would be believed in for a quarter of an hour.
var pings = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 15 * time.Second}

func main() {
	security, err := transport()
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.NewClient(
		os.Getenv("ALERTS_ADDRESS"),
		grpc.WithTransportCredentials(security),
		grpc.WithKeepaliveParams(pings),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	log.Fatal(follow(alerts.NewAlertsServiceClient(connection), os.Getenv("CURSOR_FILE")))
}

// follow reads until something is refused that trying again would not change.
func follow(client alerts.AlertsServiceClient, cursorFile string) error {
	pause := firstPause
	for {
		heard, err := watch(client, cursorFile)
		switch status.Code(err) {
		case codes.OutOfRange: // CURSOR_EXPIRED: read ReadInbox from its beginning, and go on from the cursor at its end
			return err
		case codes.InvalidArgument, codes.PermissionDenied, codes.Unimplemented:
			return err
		case codes.Unauthenticated:
			if !heard { // a token that ran out on the way is replaced in its file
				return err
			}
		}
		if heard {
			pause = firstPause
		}
		log.Printf("opening the stream again: %v", err)
		time.Sleep(pause/2 + rand.N(pause/2))
		pause = min(2*pause, longestPause)
	}
}

// watch reads one stream until it ends, and says whether anything was heard on it.
func watch(client alerts.AlertsServiceClient, cursorFile string) (heard bool, err error) {
	token, err := os.ReadFile(os.Getenv("TOKEN_FILE"))
	if err != nil {
		return false, err
	}
	cursor, err := os.ReadFile(cursorFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(token)))
	silence := time.AfterFunc(deadAfter, cancel)
	defer silence.Stop()
	stream, err := client.WatchInbox(ctx, &alerts.WatchInboxRequest{AfterCursor: strings.TrimSpace(string(cursor))})
	if err != nil {
		return false, err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return heard, err
		}
		heard = true
		silence.Reset(deadAfter)
		if entry := message.GetEntry(); entry != nil {
			deal(entry)
		}
		// Only now: what was not dealt with when the program dies comes again, with the same id.
		if err := save(cursorFile, message.GetCursor()); err != nil {
			return heard, err
		}
	}
}

// deal is where an entry is worked with. It may come twice with the same id.
func deal(entry *alerts.InboxEntry) {
	line, err := json.Marshal(map[string]string{
		"id":    entry.GetId(),
		"alert": entry.GetAlertId(),
		"kind":  strings.TrimPrefix(entry.GetKind().String(), "INBOX_ENTRY_KIND_"),
	})
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

// save replaces the file as a whole, and by what is on the disk: it is never half a cursor, nor none after the power was gone.
func save(path, cursor string) error {
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(cursor)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func transport() (credentials.TransportCredentials, error) {
	if os.Getenv("TLS_AUTHORITY") == "" {
		return insecure.NewCredentials(), nil
	}
	authority, err := os.ReadFile(os.Getenv("TLS_AUTHORITY"))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, errors.New("TLS_AUTHORITY has no certificate")
	}
	own, err := tls.LoadX509KeyPair(os.Getenv("TLS_CERTIFICATE"), os.Getenv("TLS_KEY"))
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{own}}), nil
}
