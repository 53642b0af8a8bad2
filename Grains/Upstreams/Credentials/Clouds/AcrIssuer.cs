using System.Net;
using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// The refresh token of an Azure container registry (Azure/acr, AAD-OAuth): 1. an Entra token of the principal; 2. exchanged at the
/// registry. Access tokens are then had by the bearer flow with it, as with any identity token.
/// </summary>
internal sealed class AcrIssuer(AcrCredentials acr, Uri registry, EgressSettings network, CloudTransport clouds) : ISecretIssuer
{
    private readonly EntraPrincipal _principal = new(acr, network, clouds);

    public string Kind => "acr";

    public string Definition => $"{registry.AbsoluteUri}\n{network.AllowPrivate}\n{_principal.Definition}";

    public string ReadMaterial() => acr.ClientSecret?.Read().Reveal() ?? "";

    public async Task<IssuedSecret> Issue(CancellationToken cancellation)
    {
        // 1.
        var entra = await _principal.Token(cancellation);

        // 2.
        using var http = clouds.Client(network, registry);
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "access_token", ["service"] = HttpOrigin.Of(registry).Authority, ["access_token"] = entra.Reveal(),
        });
        using var response = await http.PostAsync(HttpOrigin.Of(registry).At(OriginForm.Of("/oauth2/exchange")), form, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw Refused(response.StatusCode);
        }

        using var document = JsonDocument.Parse(await response.Content.ReadText(CloudTransport.MaxReply, cancellation));
        var token = document.RootElement.GetProperty("refresh_token").GetString();
        return token is not null && BearerToken.ExpiryOf(token) is { } expires
            ? new(UpstreamSecret.OfIdentityToken(new Secret(token)), expires)
            : throw new IssueException(
                UpstreamFailureKind.Misconfigured, "the registry sent a refresh token that does not say when it expires");
    }

    private static IssueException Refused(HttpStatusCode status)
    {
        var kind = CloudTransport.KindOf(status);
        return new(kind, kind == UpstreamFailureKind.Refused
            ? $"the registry refuses the Entra token ({(int)status}): the principal needs the role AcrPull on it"
            : $"the registry answers the exchange of the Entra token with {(int)status}");
    }
}
