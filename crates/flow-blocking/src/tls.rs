//! Whom a connection trusts: the TLS settings, made once when the client is built.
//!
//! Both clients use this very text, so that they trust the same servers. The platform decides,
//! through its own verifier; extra roots are added to it. The cryptography is ring: unlike
//! aws-lc-rs it is small, builds within seconds and never needs more than a C compiler.

use std::sync::Arc;

use flow_api::client::Connection;
use flow_errors::{Error, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Makes the TLS settings; the system's roots are read only when `connection` needs them.
///
/// # Errors
///
/// Returns an error of kind `config` if an extra certificate cannot be read, or if TLS is needed
/// and the system has no roots.
pub(crate) fn config(connection: &Connection) -> Result<ClientConfig> {
    let extra = extra_roots(&connection.extra_roots)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::config("TLS cannot be set up").with_source(source))?;
    if !is_needed(connection) {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    #[cfg(not(target_os = "android"))]
    let verifier = Verifier::new_with_extra_roots(extra, provider);
    #[cfg(target_os = "android")]
    let verifier = if extra.is_empty() {
        Verifier::new(provider)
    } else {
        return Err(Error::config("Android's verifier takes no extra root certificates"));
    };
    let verifier = verifier.map_err(|source| {
        let message = "the system has no root certificates, so no https server can be trusted; \
             install its CA certificates, or call add_root_certificate()";
        Error::config(message).with_source(source)
    })?;
    // "Dangerous" is any verifier that is not rustls's own; this one asks the platform.
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(builder.with_no_client_auth())
}

/// A proxy may be reached through TLS also where the service is not.
fn is_needed(connection: &Connection) -> bool {
    let proxy = connection.proxy.as_ref();
    connection.is_https || proxy.is_some_and(|proxy| proxy.uri().scheme_str() == Some("https"))
}

fn extra_roots(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    for (index, pem) in pems.iter().enumerate() {
        let number = index.saturating_add(1);
        let refuse =
            |problem: &str| Error::config(format!("extra root certificate {number} {problem}"));
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|source| refuse("is not valid PEM").with_source(source))?;
            // Checked one by one, because the verifier would not say which one it refused.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|source| refuse("is not a certificate").with_source(source))?;
            roots.push(certificate);
        }
        if roots.len() == before {
            return Err(refuse("holds no PEM certificate (-----BEGIN CERTIFICATE-----)"));
        }
    }
    Ok(roots)
}
