using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;
using BearerToken = RegistryProxy.Grains.Upstreams.Secrets.BearerToken;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>An access token of a Google service account, which opens every registry that the account may use.</summary>
internal sealed class GoogleIssuer(
    GoogleCredentials google, EgressSettings network, CloudTransport clouds, TimeProvider time) : ISecretIssuer
{
    private const string User = "oauth2accesstoken";
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";

    public string Kind => "google";

    public string Definition => string.Join('\n', [
        google.KeyFile ?? "", google.TokenEndpoint?.AbsoluteUri ?? "", google.StsEndpoint?.AbsoluteUri
            ?? "", google.IamEndpoint?.AbsoluteUri ?? "",
        google.MetadataEndpoint?.AbsoluteUri ?? "", network.AllowPrivate.ToString(),
    ]);

    public string ReadMaterial() => google.KeyFile is { } file ? GoogleKeyFile.ReadText(file) : "";

    public async Task<IssuedSecret> Issue(CancellationToken cancellation)
    {
        var credential = google.KeyFile is { } file ? GoogleKeyFile.Read(file) : GoogleCredential.FromComputeCredential();
        var asked = credential.CreateWithHttpClientFactory(new GoogleClients(Handler())).CreateScoped(Scope).UnderlyingCredential;
        try
        {
            await asked.GetAccessTokenForRequestAsync(cancellationToken: cancellation);
        }
        catch (Exception fault) when (fault.Causes().OfType<TokenResponseException>().FirstOrDefault() is { } refusal)
        {
            throw Refused(refusal);
        }
        catch (Exception fault) when (fault is InvalidOperationException or NullReferenceException)
        {
            // The library trips over an error that has no body.
            throw new IssueException(
                UpstreamFailureKind.Unreachable,
                google.KeyFile is null ? "Google's metadata server gives no token: give the machine a service account"
                    : "Google's token service gave no token");
        }

        var token = ((ServiceCredential)asked).Token;
        return token is { AccessToken: { } text, ExpiresInSeconds: { } seconds } && BearerToken.IsOne(text)
            ? new(UpstreamSecret.OfPassword(User, new Secret(text)), UnixTime.After(time.GetUtcNow(), seconds))
            : throw new IssueException(UpstreamFailureKind.Misconfigured, "Google sent no usable access token, or none with an expiry");
    }

    private HttpMessageHandler Handler() => clouds.Handler(
        network,
        new("oauth2.googleapis.com", google.TokenEndpoint), new("sts.googleapis.com", google.StsEndpoint), new(
            "iamcredentials.googleapis.com", google.IamEndpoint),
        new("169.254.169.254", google.MetadataEndpoint), new("metadata.google.internal", google.MetadataEndpoint));

    private IssueException Refused(TokenResponseException fault)
    {
        var code = fault.Error?.Error is { Length: < 60 } error && error.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
            ? $" ({error})" : "";
        var kind = fault.StatusCode is { } status ? CloudTransport.KindOf(status) : UpstreamFailureKind.Unreachable;
        return new(kind, kind != UpstreamFailureKind.Refused
            ? $"Google's token service does not answer as it should{code}"
            : google.KeyFile is not null
                ? $"Google refuses the key of keyFile{code}: it may be disabled, deleted or not allowed to impersonate " +
                    $"(roles/iam.workloadIdentityUser, roles/iam.serviceAccountTokenCreator)"
                : $"Google's metadata server gives no token{code}: attach a service account to the machine");
    }
}
