package supervisor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	pollInterval   = 50 * time.Millisecond
	requestTimeout = 5 * time.Second
)

// apiClient asks the API server whether something is there yet.
type apiClient struct {
	port        int
	token       string
	certificate string
	http        *http.Client
}

// await polls path until it answers 200. Its error is the last answer's.
func (a *apiClient) await(ctx context.Context, path string) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := a.get(ctx, path)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

func (a *apiClient) get(ctx context.Context, path string) error {
	if err := a.connect(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	url := fmt.Sprintf("https://127.0.0.1:%d%s", a.port, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answered %s: %s", path, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

// connect makes the HTTP client once there is a certificate to trust: the API
// server writes it while it starts.
func (a *apiClient) connect() error {
	if a.http != nil {
		return nil
	}
	authority, err := readAuthority(a.certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	a.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return nil
}
