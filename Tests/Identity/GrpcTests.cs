using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.VerifierSample;

namespace RegistryProxy.Tests.Identity;

/// <summary>A verifier of the operator's own, over mutual TLS.</summary>
public sealed class GrpcTests : IAsyncDisposable
{
    private readonly AuthenticatorLab _authenticators = new();
    private WebApplication? _verifier;

    public async ValueTask DisposeAsync()
    {
        _authenticators.Dispose();
        if (_verifier is not null)
        {
            await _verifier.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_the_verifier_says_is_so_and_silence_is_no_login()
    {
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: grpc, endpoint: \"{await StartVerifier()}\", ca: server.crt, certificate: client.crt, key: client.key, allowPrivate: true }}");
        var proved = await Verify(authenticator, "badge-4711");
        Assert.Equal(("grace", "7"), (proved.Identity!.Subject, proved.Identity.Claims["building"]));
        Assert.Equal(["builders"], proved.Identity.Groups);
        var refused = await Verify(authenticator, "badge-1");
        Assert.Equal((VerdictKind.Refused, "this badge is not known"), (refused.Kind, refused.Message));
        Assert.Equal("the credential is refused", (await Verify(authenticator, "inject")).Message);
        foreach (var silence in new[] { "throw", "nothing", "sleep" })
        {
            Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, silence)).Kind);
        }

        await _verifier!.StopAsync();
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "badge-4711")).Kind);
    }

    [Fact]
    public async Task A_verifier_with_another_certificate_is_not_asked()
    {
        var url = await StartVerifier();
        using var other = TestCertificates.ForLocalhost("other");
        _authenticators.Write("other.crt", other.Pem().Certificate);
        var authenticator = (ITokenAuthenticator)_authenticators.Create($"{{ type: grpc, endpoint: \"{url}\", ca: other.crt, certificate: client.crt, key: client.key, allowPrivate: true }}");
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "badge-4711")).Kind);
    }

    [Theory]
    [InlineData("{ type: grpc }", "endpoint")]
    [InlineData("{ type: grpc, endpoint: \"http://verifier.example\" }", "https://")]
    [InlineData("{ type: grpc, endpoint: \"https://verifier.example\", key: config.yaml }", "belong together")]
    public void A_bad_configuration_says_what_is_wrong(string yaml, string saying) =>
        Assert.Contains(_authenticators.Errors(yaml), error => error.Contains(saying, StringComparison.Ordinal));

    private async Task<string> StartVerifier()
    {
        var server = TestCertificates.ForLocalhost("verifier");
        using var client = TestCertificates.ForLocalhost("silo");
        _authenticators.Write("server.crt", server.Pem().Certificate);
        _authenticators.Write("client.crt", client.Pem().Certificate);
        _authenticators.Write("client.key", client.Pem().Key);
        var expected = client.Thumbprint;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = server;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => certificate.Thumbprint == expected;
            });
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _verifier = builder.Build();
        _verifier.MapGrpcService<BadgeVerifier>();
        await _verifier.StartAsync();
        return _verifier.Urls.Single();
    }

    private static async Task<Verdict> Verify(ITokenAuthenticator authenticator, string credential) =>
        await authenticator.Verify(new PresentedCredential("acme", new Secret(credential)), TestContext.Current.CancellationToken);

    internal sealed class BadgeVerifier : Verifier.VerifierBase
    {
        public override async Task<VerifyReply> Verify(VerifyRequest request, ServerCallContext context)
        {
            switch (request.Credential)
            {
                case "throw":
                    throw new InvalidOperationException("canary");
                case "nothing":
                    return new VerifyReply();
                case "sleep":
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                    return new VerifyReply();
                case "inject":
                    return new VerifyReply { Refusal = new Refusal { Message = "a\r\nb" } };
                case "badge-4711":
                    var identity = new VerifierSample.Identity { Subject = "grace", Groups = { "builders" } };
                    identity.Claims["building"] = "7";
                    return new VerifyReply { Identity = identity };
                default:
                    return new VerifyReply { Refusal = new Refusal { Message = "this badge is not known" } };
            }
        }
    }
}
