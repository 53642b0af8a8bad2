using System.Net;
using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.Identity.Client;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// A principal of Microsoft Entra: a client secret, else the workload identity of a pod, else the managed identity of the machine.
/// </summary>
internal sealed partial class EntraPrincipal(AcrCredentials acr, EgressSettings network, CloudTransport clouds)
{
    private const string Metadata = "169.254.169.254";

    public string Definition => string.Join('\n', [
        acr.TenantId ?? "", acr.ClientId ?? "", SourceDefinition.Of(acr.ClientSecret), acr.FederatedTokenFile
            ?? "", acr.Authority.AbsoluteUri,
        acr.MetadataEndpoint?.AbsoluteUri ?? "", acr.Audience,
    ]);

    public async Task<Secret> Token(CancellationToken cancellation)
    {
        using var http = WholeAnswers.Client(
            clouds.Handler(network, new(Metadata, acr.MetadataEndpoint), new(acr.Authority.IdnHost, Detour)), CloudTransport.MaxReply);
        try
        {
            var token = await Credential(http).GetTokenAsync(new TokenRequestContext([$"{acr.Audience}/.default"]), cancellation);
            return new Secret(token.Token);
        }
        catch (CredentialUnavailableException fault) when (!IsTooLong(fault))
        {
            throw NoManagedIdentity();
        }
        catch (AuthenticationFailedException fault) when (!IsTooLong(fault)
            && fault.InnerException is not (HttpRequestException or IOException or OperationCanceledException))
        {
            throw Refused(fault);
        }
    }

    private static bool IsTooLong(Exception fault) => fault.Causes().Any(static cause => cause is AnswerTooLargeException);

    private bool IsManaged => acr.ClientSecret is null && FederatedFile is null;

    private string? FederatedFile => acr.FederatedTokenFile ?? Environment.GetEnvironmentVariable("AZURE_FEDERATED_TOKEN_FILE") switch
    {
        { Length: > 0 } file => file,
        _ => null,
    };

    private IssueException Refused(AuthenticationFailedException fault)
    {
        var status = fault.Causes().Select(StatusOf).FirstOrDefault(known => known > 0);
        var kind = status == 0 ? UpstreamFailureKind.Refused : CloudTransport.KindOf((HttpStatusCode)status);
        return kind switch
        {
            UpstreamFailureKind.Refused when IsManaged => NoManagedIdentity(),
            UpstreamFailureKind.Refused => new(kind, $"Microsoft Entra refuses the principal{Code(fault)}"),
            _ => new(kind, $"{(IsManaged ? "Azure's metadata service" : "Microsoft Entra")} answers {status}"),
        };
    }

    private static int StatusOf(Exception cause) => cause switch
    {
        MsalServiceException service => service.StatusCode,
        Azure.RequestFailedException failed => failed.Status,
        _ => 0,
    };

    private static IssueException NoManagedIdentity() => new(
        UpstreamFailureKind.Misconfigured,
        "this machine has no managed identity that may be used: assign one (and set clientId when it is one of several)");

    /// <summary>MSAL takes only https for an authority; plain loopback is asked by the way of a detour.</summary>
    private Uri? Detour => acr.Authority.Scheme == Uri.UriSchemeHttp ? acr.Authority : null;

    private TokenCredential Credential(HttpClient http)
    {
        if (acr.ClientSecret is { } secret)
        {
            return new ClientSecretCredential(acr.TenantId, acr.ClientId, secret.Read().Reveal(),
                Prepare(new ClientSecretCredentialOptions { DisableInstanceDiscovery = true }, http));
        }

        if (FederatedFile is { } federated)
        {
            new FileSecret(federated).Read();
            var options = Prepare(new WorkloadIdentityCredentialOptions { DisableInstanceDiscovery = true, TokenFilePath = federated },
                http);
            (options.TenantId, options.ClientId) = (acr.TenantId ?? options.TenantId, acr.ClientId ?? options.ClientId);
            if (string.IsNullOrEmpty(options.TenantId) || string.IsNullOrEmpty(options.ClientId))
            {
                throw new IssueException(
                    UpstreamFailureKind.Misconfigured,
                    "a federated token needs tenantId and clientId, here or as AZURE_TENANT_ID and AZURE_CLIENT_ID");
            }

            return new WorkloadIdentityCredential(options);
        }

        return new ManagedIdentityCredential(Prepare(
            new ManagedIdentityCredentialOptions(
                acr.ClientId is { } client ? ManagedIdentityId.FromUserAssignedClientId(client) : ManagedIdentityId.SystemAssigned), http));
    }

    private T Prepare<T>(T options, HttpClient http)
        where T : TokenCredentialOptions
    {
        options.AuthorityHost = new Uri($"https://{acr.Authority.IdnHost}:{acr.Authority.Port}/");
        options.Transport = new HttpClientTransport(http);
        options.Retry.MaxRetries = 1;
        options.Retry.Delay = TimeSpan.FromMilliseconds(200);
        options.Diagnostics.IsLoggingEnabled = false;
        return options;
    }

    /// <summary>The code of Entra, such as AADSTS7000215; nothing else of what it says.</summary>
    private static string Code(AuthenticationFailedException fault)
    {
        var said = string.Join('\n', fault.Causes().Select(cause => cause.Message));
        return EntraCode().Match(said) is { Success: true } code ? $" ({code.Value})" : "";
    }

    [GeneratedRegex("AADSTS[0-9]{3,9}", RegexOptions.NonBacktracking)]
    private static partial Regex EntraCode();
}
