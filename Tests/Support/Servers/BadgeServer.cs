using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RegistryProxy.Tests.VerifierSample;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A verifier of an operator's own, over mutual TLS.</summary>
internal sealed class BadgeServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BadgeServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>Starts it, and writes server.crt, client.crt and client.key.</summary>
    public static async Task<BadgeServer> Start(Action<string, string> write, string? compression = null)
    {
        var server = TestCertificates.ForLocalhost("verifier");
        using var client = TestCertificates.ForLocalhost("silo");
        write("server.crt", server.Pem().Certificate);
        write("client.crt", client.Pem().Certificate);
        write("client.key", client.Pem().Key);
        var expected = client.Thumbprint;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxSendMessageSize = null;
            grpc.ResponseCompressionAlgorithm = compression;
            grpc.ResponseCompressionLevel = System.IO.Compression.CompressionLevel.Fastest;
        });
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
        var app = builder.Build();
        app.MapGrpcService<BadgeVerifier>();
        await app.StartAsync();
        return new BadgeServer(app);
    }

    public Task Stop() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class BadgeVerifier : Verifier.VerifierBase
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
                case "bomb":
                    return new VerifyReply { Refusal = new Refusal { Message = new string('x', 20_000_000) } };
                case "large":
                    return new VerifyReply { Refusal = new Refusal { Message = new string('x', 65_536) } };
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
