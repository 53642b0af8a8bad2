using System.Text.Json;
using Amazon.Runtime;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// The keys that AWS gives to the machine that this runs on: to its container, or to its instance (IMDSv2). AWS' own SDK would read those
/// answers however long they are.
/// </summary>
/// <param name="clouds">Where the connections come from.</param>
/// <param name="environment">The variables of the environment; <c>null</c> for none of a name.</param>
internal sealed class AwsMachine(CloudTransport clouds, Func<string, string?> environment)
{
    private const string Roles = "/latest/meta-data/iam/security-credentials/";

    public async Task<ImmutableCredentials> Keys(CancellationToken cancellation)
    {
        try
        {
            using var http = clouds.OfMachine();
            return Container is { } container ? await OfContainer(http, container, cancellation) : await OfInstance(http, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException
            && !cancellation.IsCancellationRequested && !fault.Causes().OfType<AnswerTooLargeException>().Any())
        {
            throw NoKeys(UpstreamFailureKind.Unreachable);
        }
    }

    public static IssueException NoKeys(UpstreamFailureKind kind = UpstreamFailureKind.Misconfigured) => new(
        kind, "no AWS credentials are to be had on this machine: give it a role, or set accessKeyId, webIdentityTokenFile or the AWS_… " +
            "variables");

    /// <summary>Where a container is told to ask, if this is one.</summary>
    private Uri? Container => environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { } path ? Address($"http://169.254.170.2{path}")
        : environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") is { } whole ? Address(whole)
        : null;

    private Uri Instance => Address(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        ?? ("IPv6".Equals(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), StringComparison.OrdinalIgnoreCase)
            ? "http://[fd00:ec2::254]" : "http://169.254.169.254"));

    private async Task<ImmutableCredentials> OfContainer(HttpClient http, Uri address, CancellationToken cancellation)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !MetadataAddresses.IsOfContainer(address))
        {
            throw new IssueException(UpstreamFailureKind.Misconfigured,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, loopback or the container credentials address");
        }

        return Read(await Query(http, HttpMethod.Get, address, OriginForm.Of(address.PathAndQuery), "Authorization", Token, cancellation));
    }

    private async Task<ImmutableCredentials> OfInstance(HttpClient http, CancellationToken cancellation)
    {
        if ("true".Equals(environment("AWS_EC2_METADATA_DISABLED"), StringComparison.OrdinalIgnoreCase))
        {
            throw NoKeys();
        }

        const string Header = "X-aws-ec2-metadata-token";
        var token = (await Query(
            http, HttpMethod.Put, Instance, OriginForm.Of("/latest/api/token"), $"{Header}-ttl-seconds", "60", cancellation)).Trim();
        var role = (await Query(http, HttpMethod.Get, Instance, OriginForm.Of(Roles), Header, token, cancellation)).Split('\n')[0].Trim();
        return OriginForm.TryParse($"{Roles}{role}", out var path)
            ? Read(await Query(http, HttpMethod.Get, Instance, path, Header, token, cancellation))
            : throw new FormatException("no name of a role");
    }

    private static async Task<string> Query(
        HttpClient http, HttpMethod method, Uri origin, OriginForm path, string header, string? value, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, HttpOrigin.Of(origin).At(path));
        if (value is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await http.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadText(CloudTransport.MaxReply, cancellation);
    }

    private static ImmutableCredentials Read(string answer)
    {
        using var document = JsonDocument.Parse(answer);
        string? Of(string name) => document.RootElement.GetProperty(name).GetString();
        string? Perhaps(string name) => document.RootElement.TryGetProperty(name, out var known) ? known.GetString() : null;
        return new ImmutableCredentials(Of("AccessKeyId"), Of("SecretAccessKey"), Perhaps("Token"));
    }

    /// <summary>What a container shows; its file changes.</summary>
    private string? Token => environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") is { } file
        ? new FileSecret(file).Read().Reveal().Trim()
        : environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) ? address
            : throw new FormatException("an environment variable does not contain an address");
}
