using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The OpenID Connect token of a CI job: GitHub Actions hands one out by its own service, other systems (GitLab, Buildkite, CircleCI) put
/// one into an environment variable that the job names.
/// </summary>
internal sealed class CiIdentity(IdentitySettings settings) : IIdentity
{
    private const string GitHubUrl = "ACTIONS_ID_TOKEN_REQUEST_URL";
    private const string GitHubToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
    {
        var given = new SecretFile(null, settings.TokenVariable, null).Read();
        var outcome = given is null ? await RequestFromGitHub(cancellation) : given;
        return outcome.Succeeded(out var token, out var failure)
            ? await registry.OpenSession(Proof.Exchange(settings.Authenticator, token), cancellation)
            : failure;
    }

    private RegistryFailure Nothing() => RegistryFailure.NoProof(
        $"no identity token of a CI system is here: give the job `permissions: id-token: write` on GitHub, or an id_token in "
            + $"{settings.TokenVariable} elsewhere");

    private async Task<Outcome<Secret>> RequestFromGitHub(CancellationToken cancellation)
    {
        if (Environment.GetEnvironmentVariable(GitHubUrl) is not { Length: > 0 } address
            || Environment.GetEnvironmentVariable(GitHubToken) is not { Length: > 0 } bearer
            || !Uri.TryCreate($"{address}&audience={Uri.EscapeDataString(settings.Audience)}", UriKind.Absolute, out var url)
                || (url.Scheme != "https" && !url.IsLoopback))
        {
            return Nothing();
        }

        using var http = RegistryTokenClient.CreateHttp(null);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new("Bearer", bearer);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            using var json = JsonDocument.Parse(
                await response.EnsureSuccessStatusCode().Content.ReadBytes(RegistryTokenClient.MaxReply, cancellation));
            return json.RootElement.TryGetProperty("value", out var value) && value.GetString() is { Length: > 0 } token
                ? new Secret(token)
                : Nothing();
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException)
        {
            return RegistryFailure.Unavailable($"GitHub gave no identity token: {fault.Message}");
        }
    }
}
