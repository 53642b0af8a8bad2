using Microsoft.AspNetCore.Http;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// What <c>check --online</c> says of an upstream is so: a credential is well when the upstream took it, and what was not tried is said.
/// </summary>
public sealed class UpstreamTrialTests : IDisposable
{
    private const string Password = "type: basic, username: me, password: { value: canary }";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <param name="bare">The status without a credential.</param>
    /// <param name="shown">The status with one.</param>
    /// <param name="step">The step that fails.</param>
    /// <param name="text">What is said of it.</param>
    /// <param name="isDoubtful">Whether that proves nothing.</param>
    [Theory]
    [InlineData(401, 200, null, "takes those that are configured", false)]
    [InlineData(401, 401, "credential", "it refuses user name and password (401)", false)]
    [InlineData(401, 403, "credential", "it refuses user name and password (403)", false)]
    [InlineData(401, 429, "HTTP", "with the credential it answers 429 to /v2/: it limits the rate of requests, try again in 7 s", false)]
    [InlineData(401, 500, "HTTP", "with the credential it answers 500 to /v2/: a server error", false)]
    [InlineData(401, 404, "HTTP", "with the credential it answers 404 to /v2/: is this a registry?", false)]
    [InlineData(200, 200, null, "so that one could not be verified", true)]
    [InlineData(200, 401, "credential", "it refuses user name and password (401)", false)]
    [InlineData(200, 503, "HTTP", "a server error", false)]
    [InlineData(403, 200, null, "answers 403 to /v2/: is this a registry?; what is pulled is asked for all the same", true)]
    [InlineData(404, 200, null, "answers 404 to /v2/: is this a registry?; what is pulled is asked for all the same", true)]
    [InlineData(408, 200, "HTTP", "answers 408 to /v2/", false)]
    [InlineData(429, 200, "HTTP", "answers 429 to /v2/: it limits the rate of requests, try again in 7 s", false)]
    [InlineData(500, 200, "HTTP", "answers 500 to /v2/: a server error", false)]
    public async Task A_password_is_well_when_it_was_taken(int bare, int shown, string? step, string text, bool isDoubtful)
    {
        await using var registry = await RecordingUpstream.Start(
            context => Answer(context, context.Request.Headers.Authorization.Count > 0 ? shown : bare, "Basic realm=\"x\""));
        await ShouldSay(registry.Url, Password, step, text, isDoubtful);
    }

    /// <param name="token">The status of the token endpoint.</param>
    /// <param name="shown">The status of the registry with the token.</param>
    /// <param name="credentials">What is configured.</param>
    /// <param name="step">The step that fails.</param>
    /// <param name="text">What is said of it.</param>
    /// <param name="isDoubtful">Whether that proves nothing.</param>
    [Theory]
    [InlineData(200, 200, Password, null, "takes those that are configured", false)]
    [InlineData(200, 403, Password, "credential", "it refuses the token of its own token endpoint (403)", false)]
    [InlineData(200, 429, Password, "HTTP", "with the credential it answers 429", false)]
    [InlineData(401, 200, Password, "credential", "refuses the configured credentials (401)", false)]
    [InlineData(403, 200, Password, null, "gives these credentials no token for a repository (403), so nothing was verified", true)]
    [InlineData(400, 200, Password, null, "gives these credentials no token for a repository (400), so nothing was verified", true)]
    [InlineData(400, 200, "type: anonymous", null, "so nothing was verified", true)]
    [InlineData(401, 200, "type: anonymous", null, "so nothing was verified", true)]
    [InlineData(429, 200, Password, "credential", "limits the rate of requests", false)]
    [InlineData(500, 200, Password, "credential", "answered 500", false)]
    [InlineData(200, 200, "type: anonymous", null, "anybody gets a token", false)]
    [InlineData(200, 403, "type: anonymous", null, "anybody gets a token, with which /v2/ answers 403", true)]
    public async Task A_token_is_well_when_the_registry_took_it(
        int token, int shown, string credentials, string? step, string text, bool isDoubtful)
    {
        await using var registry = await RecordingUpstream.Start(context =>
            context.Request.Path == "/token" ? Token(context, token)
            : context.Request.Headers.Authorization.ToString().StartsWith("Bearer ") ? Answer(context, shown, "")
            : Answer(context, 401, $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"x\""));
        await ShouldSay(registry.Url, credentials, step, text, isDoubtful);
    }

    /// <param name="root">The status of <c>/v2/</c> without a credential.</param>
    /// <param name="token">The status of the token endpoint for the repository; without one it is 400.</param>
    /// <param name="shown">The status of the repository with the token.</param>
    /// <param name="credentials">What is configured.</param>
    /// <param name="text">What is said of it.</param>
    /// <param name="isDoubtful">Whether that proves nothing.</param>
    [Theory]
    [InlineData(401, 200, 200, Password, "takes those that are configured, for 'there/app'", false)]
    [InlineData(401, 200, 404, Password, "takes those that are configured, for 'there/app'", false)]
    [InlineData(404, 200, 200, Password, "takes those that are configured, for 'there/app'", false)]
    [InlineData(403, 200, 200, "type: anonymous", "takes those that are configured, for 'there/app'", false)]
    [InlineData(200, 200, 200, Password, "takes those that are configured, for 'there/app'", false)]
    [InlineData(401, 200, 403, Password, "refuses 'there/app' with the configured credential (403)", true)]
    [InlineData(401, 403, 200, Password, "'there/app': the token endpoint of upstream 'up0' gives these credentials no token", true)]
    [InlineData(404, 401, 200, Password, "'there/app': the token endpoint of upstream 'up0' refuses the configured credentials", true)]
    [InlineData(404, 200, 500, Password, "what is pulled is asked for all the same", true)]
    public async Task A_repository_that_a_rule_names_is_tried_where_the_root_proves_nothing(
        int root, int token, int shown, string credentials, string text, bool isDoubtful)
    {
        await using var registry = await RecordingUpstream.Start(context =>
        {
            var challenge = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"x\"";
            return context.Request.Path == "/token"
                    ? Token(context, context.Request.Query["scope"] == "repository:there/app:pull" ? token : 400)
                : context.Request.Path == "/v2/" ? Answer(context, root, challenge)
                : context.Request.Path != "/v2/there/app/manifests/latest" || context.Request.Method != "HEAD" ? Answer(context, 418, "")
                : Answer(context, context.Request.Headers.Authorization.Count == 0 ? 401 : shown, challenge);
        });
        await ShouldSay(registry.Url, credentials, null, text, isDoubtful,
            yaml => yaml.Replace("upstream: up0 }", "upstream: up0, rewrite: there }").Replace("[\"**\"]", "[\"up0/*\", \"up0/app\"]"));
    }

    [Theory]
    [InlineData("type: basic, username: me, password: { file: absent-password }", "absent-password")]
    [InlineData("type: bearer, token: { file: absent-token }", "absent-token")]
    [InlineData("type: exec, command: /bin/false", "credential helper")]
    public async Task A_secret_that_cannot_be_had_is_said_though_nobody_asks_for_it(string credentials, string text)
    {
        await using var registry = await RecordingUpstream.Start(context => Answer(context, 200, ""));
        await ShouldSay(registry.Url, credentials, "credential", text, isDoubtful: false);
        Assert.Empty(registry.Requests);
    }

    [Fact]
    public async Task A_token_that_nothing_asks_for_is_said_to_be_untried()
    {
        await using var registry = await RecordingUpstream.Start(context => Answer(context, 200, ""));
        await ShouldSay(registry.Url, "type: bearer, token: { value: canary }", null, "not be verified: nothing asks for it there", true);
        await ShouldSay(registry.Url, "type: anonymous", null, "it asks for nothing there", false);
    }

    [Theory]
    [InlineData(AwsCloud.UserSecret, AwsCloud.RegistryPassword, null, "takes those that are configured")]
    [InlineData("wrong-canary", AwsCloud.RegistryPassword, "credential", "InvalidSignatureException|SignatureDoesNotMatch|refuses")]
    [InlineData(AwsCloud.UserSecret, "other", "credential", "refuses user name and password")]
    public async Task Keys_of_aws_are_tried(string secret, string password, string? step, string text)
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, password);
        var credentials = $"type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\", " +
            $"accessKeyId: {AwsCloud.UserKey}, secretAccessKey: {{ value: {secret} }}";
        await ShouldSay(registry.Url, credentials, step, text, isDoubtful: false);
        aws.Away = 503;
        await ShouldSay(registry.Url, credentials, "credential", "503|refuses|does not answer|fails", isDoubtful: false);
    }

    [Theory]
    [InlineData(AzureCloud.ClientSecret, null, "takes those that are configured")]
    [InlineData("wrong-canary", "credential", "")]
    public async Task Secrets_of_azure_are_tried(string secret, string? step, string text)
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        await ShouldSay(
            registry.Url,
            $"type: acr, tenantId: {AzureCloud.Tenant}, clientId: {AzureCloud.Client}, clientSecret: {{ value: {secret} }}, " +
            $"authority: \"{azure.Url}\"", step, text, isDoubtful: false);
    }

    [Theory]
    [InlineData(GoogleCloud.Token, null, "takes those that are configured")]
    [InlineData("other", "credential", "refuses user name and password")]
    public async Task Service_accounts_of_google_are_tried(string token, string? step, string text)
    {
        await using var google = await GoogleCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, token);
        var credentials = $"type: google, metadataEndpoint: \"{google.Url}\"";
        await ShouldSay(registry.Url, credentials, step, text, isDoubtful: false);
        google.Away = 503;
        await ShouldSay(registry.Url, credentials, "credential", "", isDoubtful: false);
    }

    private async Task ShouldSay(
        string url, string credentials, string? step, string text, bool isDoubtful, Func<string, string>? edit = null)
    {
        var yaml = PrincipalYaml.Of(url, credentials);
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", edit?.Invoke(yaml) ?? yaml));
        Assert.Empty(result.Errors);
        var configuration = result.Snapshot!.Configuration;
        using var trial = new UpstreamTrial(configuration, TimeProvider.System);
        var answer = await trial.Run(configuration.Upstreams["up0"], TestContext.Current.CancellationToken);
        Assert.True(step == answer.Step, answer.ToString());
        Assert.Matches(text.Contains('|') ? text : System.Text.RegularExpressions.Regex.Escape(text), answer.Text);
        Assert.Equal(isDoubtful, answer.IsDoubtful);
        Assert.DoesNotContain("canary", answer.Text);
    }

    private static Task Answer(HttpContext context, int status, string challenge)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.WWWAuthenticate = status == 401 ? challenge : default;
        context.Response.Headers.RetryAfter = status == 429 ? "7" : default;
        return Task.CompletedTask;
    }

    private static Task Token(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return status == 200 ? context.Response.WriteAsJsonAsync(new { token = "abc", expires_in = 300 }) : Task.CompletedTask;
    }
}
