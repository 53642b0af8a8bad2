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
/// One signed <c>GetAuthorizationToken</c> of Amazon ECR or ECR Public. The token opens every registry that the principal may use, so it
/// does not matter which upstream asked.
/// </summary>
internal sealed class EcrIssuer(EcrCredentials ecr, EgressSettings network, CloudTransport clouds, TimeProvider time) : ISecretIssuer
{
    public string Kind => "ecr";

    public string Definition => string.Join('\n', [
        ecr.Region, ecr.IsPublic.ToString(), ecr.Fips.ToString(), ecr.Endpoint.AbsoluteUri, ecr.StsEndpoint?.AbsoluteUri
            ?? "", network.AllowPrivate.ToString(),
        ecr.AccessKey?.Id ?? "", SourceDefinition.Of(ecr.AccessKey?.Secret), SourceDefinition.Of(ecr.AccessKey?.SessionToken),
        ecr.WebIdentityTokenFile ?? "", .. ecr.Roles.Select(role => $"{role.Arn}\t{role.ExternalId}\t{role.SessionName}"),
    ]);

    public string ReadMaterial() =>
        ecr.AccessKey is { } key ? $"{key.Secret.Read().Reveal()}\n{key.SessionToken?.Read().Reveal()}" : "";

    public async Task<IssuedSecret> Issue(CancellationToken cancellation)
    {
        var keys = await new AwsPrincipal(ecr, network, clouds).Resolve(cancellation);
        using var http = clouds.Client(network, ecr.Endpoint);
        using var request = EcrRequest.Sign(ecr, keys, time.GetUtcNow());
        using var response = await http.SendAsync(request, cancellation);
        var body = await response.Content.ReadText(CloudTransport.MaxReply, cancellation);
        return response.IsSuccessStatusCode ? Parse(body) : throw Refused(response.StatusCode, body);
    }

    private static IssuedSecret Parse(string body)
    {
        using var document = JsonDocument.Parse(body);
        var data = document.RootElement.GetProperty("authorizationData");
        var first = data.ValueKind == JsonValueKind.Array ? data.EnumerateArray().First() : data;
        return BasicPair.Read(first.GetProperty("authorizationToken").GetString() ?? "") is { User.Length: > 0 } pair
            ? new(
                UpstreamSecret.OfPassword(pair.User, pair.Password),
                UnixTime.OfSeconds(first.GetProperty("expiresAt").GetDouble()))
            : throw new FormatException("no user and password");
    }

    private IssueException Refused(HttpStatusCode status, string body)
    {
        var code = AwsErrors.Say(CodeOf(body));
        var kind = AwsErrors.KindOf(status, code);
        return new(kind, kind == UpstreamFailureKind.Refused
            ? $"{Name} refuses GetAuthorizationToken{code}: the principal needs {(ecr.IsPublic ? "ecr-public:GetAuthorizationToken and " +
                "sts:GetServiceBearerToken" : "ecr:GetAuthorizationToken")}"
            : $"{Name} answers GetAuthorizationToken with {(int)status}{code}");
    }

    private string Name => ecr.IsPublic ? "Amazon ECR Public" : "Amazon ECR";

    private static string? CodeOf(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.TryGetProperty("__type", out var type) ? type.GetString() : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
