using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Identity.Metadata;

/// <summary>IMDSv2: every question carries a token that was put there first.</summary>
internal sealed class AwsMetadata(MetadataService service)
{
    private const string TokenSeconds = "60";

    public async Task<Outcome<string>> Get(string path, CancellationToken cancellation)
    {
        var answer = await service.Request(
            HttpMethod.Put, "/latest/api/token", cancellation, ("X-aws-ec2-metadata-token-ttl-seconds", TokenSeconds));
        return answer.Succeeded(out var token, out var failure)
            ? await service.Request(HttpMethod.Get, $"/latest/{path}", cancellation, ("X-aws-ec2-metadata-token", token.Trim()))
            : failure;
    }
}
