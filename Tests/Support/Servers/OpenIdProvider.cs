using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real OpenID Connect provider (OpenIddict): one confidential client, PKCE required, a login form without script.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "registryproxy";
    public const string ClientSecret = "canary client secret +/&=%";

    private readonly WebApplication _app;
    private int _redemptions;

    private OpenIdProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.First() + "/";

    /// <summary>What the token endpoint was sent.</summary>
    public ConcurrentQueue<string> CodeRequests { get; } = [];

    /// <summary>How often the token endpoint was asked.</summary>
    public int Redemptions => _redemptions;

    /// <summary>The redirect address that the client registered.</summary>
    public string Callback { get; set; } = "";

    public static async Task<OpenIdProvider> Start()
    {
        OpenIdProvider? provider = null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddOpenIddict().AddServer(options => Configure(options, () => provider!));
        builder.Services.AddAuthentication();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            Interlocked.Add(ref provider!._redemptions, context.Request.Path == "/token" ? 1 : 0);
            return next(context);
        });
        app.UseAuthentication();
        provider = new OpenIdProvider(app);
        await app.StartAsync();
        using var http = new HttpClient();
        await http.GetStringAsync($"{provider.Url}.well-known/openid-configuration");
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void Configure(OpenIddictServerBuilder options, Func<OpenIdProvider> provider)
    {
        options.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
        options.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().EnableDegradedMode();
        options.AddEphemeralEncryptionKey().AddEphemeralSigningKey();
        options.RegisterScopes("groups");
        options.UseAspNetCore().DisableTransportSecurityRequirement();
        options.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            if (context.ClientId != ClientId || context.RedirectUri != provider().Callback || context.Request.Nonce is null
                || context.Request.CodeChallengeMethod != "S256")
            {
                context.Reject(OpenIddictConstants.Errors.InvalidRequest, "unknown client, redirect address, or no nonce or PKCE");
            }

            return default;
        }));
        options.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            provider().CodeRequests.Enqueue(context.Request.GrantType ?? "");
            if (context.ClientId != ClientId || context.ClientSecret != ClientSecret)
            {
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "wrong client secret");
            }

            return default;
        }));
        options.AddEventHandler<HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(Authorize));
    }

    private static async ValueTask Authorize(HandleAuthorizationRequestContext context)
    {
        var request = context.Transaction.GetHttpRequest()!;
        var user = request.Query["user"].ToString();
        if (user.Length == 0)
        {
            await ShowForm(request);
            context.HandleRequest();
            return;
        }

        if (user == "nobody")
        {
            context.Reject(OpenIddictConstants.Errors.AccessDenied, "nobody may not log in");
            return;
        }

        var identity = new ClaimsIdentity("form", "name", "role");
        identity.SetClaim("sub", user).SetClaim("hd", user == "stranger" ? "other.example" : "acme.example")
            .SetClaims("groups", ["dev", "people"]);
        identity.SetScopes(context.Request.GetScopes());
        identity.SetDestinations(static _ => [OpenIddictConstants.Destinations.IdentityToken]);
        context.SignIn(new ClaimsPrincipal(identity));
    }

    private static Task ShowForm(HttpRequest request)
    {
        var hidden = request.Query.Select(field =>
            $"<input type=\"hidden\" name=\"{HtmlEncoder.Default.Encode(field.Key)}\" value=\"" +
            $"{HtmlEncoder.Default.Encode(field.Value.ToString())}\">");
        request.HttpContext.Response.ContentType = "text/html";
        return request.HttpContext.Response.WriteAsync(
            $"<!doctype html><form id=\"login\" method=\"get\" action=\"/authorize\">{string.Concat(hidden)}<input " +
            $"name=\"user\"><button>Log in</button></form>");
    }
}
