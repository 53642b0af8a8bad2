using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// A stand-in for Microsoft Entra (client credentials, by secret and by assertion) and for the identity part of Azure's instance metadata.
/// </summary>
internal sealed class AzureCloud : IAsyncDisposable
{
    public const string Tenant = "11111111-2222-3333-4444-555555555555";
    public const string Client = "66666666-7777-8888-9999-000000000000";
    public const string ClientSecret = "entra-canary-secret";
    public const string Assertion = "federated-canary-assertion";
    public const string EntraToken = "entra-canary-access-token";

    private const string Audience = "https://containerregistry.azure.net";

    private RecordingUpstream _server = null!;

    public string Url => _server.Url;

    /// <summary>Blanks behind every answer.</summary>
    public int Padding
    {
        set => _server.Padding = value;
    }

    /// <summary>An HTTP status that everything is answered with.</summary>
    public int? Away { get; set; }

    /// <summary>What was asked: <c>entra</c> or <c>metadata</c>, with the client.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public static async Task<AzureCloud> Start()
    {
        var cloud = new AzureCloud();
        cloud._server = await RecordingUpstream.Start(cloud.Serve);
        return cloud;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task Serve(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        switch (context.Request.Path.Value)
        {
            case $"/{Tenant}/v2.0/.well-known/openid-configuration":
                var origin = $"https://{context.Request.Host}/{Tenant}";
                await context.Response.WriteAsync(JsonSerializer.Serialize(new
                {
                    token_endpoint = $"{origin}/oauth2/v2.0/token", authorization_endpoint = $"{origin}/oauth2/v2.0/authorize",
                    issuer = $"{origin}/v2.0",
                }));
                break;
            case $"/{Tenant}/oauth2/v2.0/token":
                Calls.Enqueue("entra");
                await Answer(context, IsKnown(await context.Request.ReadFormAsync()));
                break;
            case "/metadata/identity/oauth2/token":
                Calls.Enqueue($"metadata {context.Request.Query["client_id"]}".Trim());
                await Answer(context, context.Request.Headers["Metadata"] == "true" && context.Request.Query["resource"] == Audience
                    && context.Request.Query["api-version"] == "2018-02-01");
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private static bool IsKnown(IFormCollection form) =>
        form["grant_type"] == "client_credentials" && form["client_id"] == Client
            && form["scope"].ToString().Split(' ').Contains($"{Audience}/.default")
        && (form["client_secret"] == ClientSecret
            || (form["client_assertion"] == Assertion
                && form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));

    private Task Answer(HttpContext context, bool known)
    {
        if (Away is { } status)
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(
                """{"error":"invalid_request","error_description":"Identity not found, canary words of Azure"}""");
        }

        context.Response.StatusCode = known ? 200 : 401;
        var expires = DateTimeOffset.UtcNow.AddHours(24).ToUnixTimeSeconds();
        return context.Response.WriteAsync(known
            ? context.Request.Path.StartsWithSegments("/metadata")
                ? JsonSerializer.Serialize(
                    new { access_token = EntraToken, client_id = Client, expires_in = "86399", expires_on = $"{expires}",
                        resource = Audience, token_type = "Bearer" })
                : JsonSerializer.Serialize(
                    new { access_token = EntraToken, expires_in = 86399, ext_expires_in = 86399, token_type = "Bearer" })
            : """{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided, canary words of Entra.","error_codes":[7000215]}""");
    }
}
