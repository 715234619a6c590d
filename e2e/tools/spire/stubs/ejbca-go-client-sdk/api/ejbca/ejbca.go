// Package ejbca stands in for a module that is not published where modules are served. spire-server names it for its
// upstream authority "ejbca" alone, which cannot be configured here: its client cannot be made.
package ejbca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

var errNotBuilt = errors.New("the upstream authority ejbca is not built in")

// Authenticator would say who we are.
type Authenticator interface{ GetHTTPClient() (*http.Client, error) }

// MTLSAuthenticatorBuilder makes none.
type MTLSAuthenticatorBuilder struct{}

func NewMTLSAuthenticatorBuilder() *MTLSAuthenticatorBuilder { return &MTLSAuthenticatorBuilder{} }
func (b *MTLSAuthenticatorBuilder) WithClientCertificate(*tls.Certificate) *MTLSAuthenticatorBuilder {
	return b
}
func (b *MTLSAuthenticatorBuilder) WithCaCertificates([]*x509.Certificate) *MTLSAuthenticatorBuilder {
	return b
}
func (*MTLSAuthenticatorBuilder) Build() (Authenticator, error) { return nil, errNotBuilt }

// Configuration names a server, which is not called.
type Configuration struct{ Host string }

func NewConfiguration() *Configuration                { return &Configuration{} }
func (*Configuration) SetAuthenticator(Authenticator) {}

// APIClient cannot be made.
type APIClient struct{ V1CertificateApi *V1CertificateApiService }

func NewAPIClient(*Configuration) (*APIClient, error) { return nil, errNotBuilt }

// V1CertificateApiService refuses every call.
type V1CertificateApiService struct{}

func (*V1CertificateApiService) EnrollPkcs10Certificate(context.Context) ApiEnrollPkcs10CertificateRequest {
	return ApiEnrollPkcs10CertificateRequest{}
}

// EnrollCertificateRestRequest holds nothing.
type EnrollCertificateRestRequest struct{}

func NewEnrollCertificateRestRequest() *EnrollCertificateRestRequest {
	return &EnrollCertificateRestRequest{}
}
func (*EnrollCertificateRestRequest) SetUsername(string)                 {}
func (*EnrollCertificateRestRequest) SetPassword(string)                 {}
func (*EnrollCertificateRestRequest) SetCertificateRequest(string)       {}
func (*EnrollCertificateRestRequest) SetCertificateAuthorityName(string) {}
func (*EnrollCertificateRestRequest) SetCertificateProfileName(string)   {}
func (*EnrollCertificateRestRequest) SetEndEntityProfileName(string)     {}
func (*EnrollCertificateRestRequest) SetIncludeChain(bool)               {}
func (*EnrollCertificateRestRequest) SetAccountBindingId(string)         {}

// CertificateRestResponse holds nothing.
type CertificateRestResponse struct{ CertificateChain []string }

func (*CertificateRestResponse) GetResponseFormat() string { return "" }
func (*CertificateRestResponse) GetCertificate() string    { return "" }

// ApiEnrollPkcs10CertificateRequest is refused.
type ApiEnrollPkcs10CertificateRequest struct{}

func (r ApiEnrollPkcs10CertificateRequest) EnrollCertificateRestRequest(EnrollCertificateRestRequest) ApiEnrollPkcs10CertificateRequest {
	return r
}
func (ApiEnrollPkcs10CertificateRequest) Execute() (*CertificateRestResponse, *http.Response, error) {
	return nil, nil, errNotBuilt
}

// GenericOpenAPIError is what a server would have said.
type GenericOpenAPIError struct{}

func (*GenericOpenAPIError) Error() string { return errNotBuilt.Error() }
func (*GenericOpenAPIError) Body() []byte  { return nil }
