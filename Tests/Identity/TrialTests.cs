using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Plugin;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using static RegistryProxy.Tests.Support.Servers.HostileDirectory;

namespace RegistryProxy.Tests.Identity;

/// <summary>What <c>check --online</c> makes of the answers of directories and verifiers.</summary>
public sealed class TrialTests : IDisposable
{
    private const byte NoSuchObject = 32;

    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData((byte)0, null)]
    [InlineData(NoSuchObject, "baseDn is not there, or the reader may not see it")]
    public async Task A_base_whose_entry_is_hidden_is_searched_all_the_same(byte code, string? problem)
    {
        using var directory = new HostileDirectory(
            (id, kind) => [Message(id, kind == Bind ? Result(0x61, 0) : Result(0x65, code))]);
        var ldap = (ITriable)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", "
                + "bindPassword: { value: x }, baseDn: \"dc=t\" }");
        var trial = await ldap.Try(TestContext.Current.CancellationToken);
        Assert.Equal((problem is null ? null : "search", problem ?? "takes bindDn and can be searched"), (trial.Step, trial.Text));
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument, 200, true)]
    [InlineData(StatusCode.Unauthenticated, 200, true)]
    [InlineData(StatusCode.Unimplemented, 200, false)]
    [InlineData(StatusCode.OK, 401, false)]
    public async Task A_verifier_may_refuse_by_a_status_who_shows_nothing(StatusCode code, int status, bool isGood)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using var server = builder.Build();
        server.Run(context =>
        {
            context.Response.StatusCode = status;
            if (status == StatusCodes.Status200OK)
            {
                context.Response.ContentType = "application/grpc";
                context.Response.Headers.GrpcStatus = ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            return Task.CompletedTask;
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var verifier = new GrpcAuthenticator(
            new GrpcConfiguration { Name = "it", Endpoint = new Uri(server.Urls.Single()), AllowPrivate = true });
        Assert.Equal(isGood, (await verifier.Try(TestContext.Current.CancellationToken)).Step is null);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", null, "answers; no signature was shown to it")]
    [InlineData("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP", "it answers 503")]
    [InlineData("220 smtp ready\r\n", "HTTP", "what it sends is not HTTP")]
    public async Task The_token_service_of_aws_is_asked_without_a_signature(string reply, string? step, string text)
    {
        await using var server = new RawUpstream((_, _) => reply);
        var (found, said) = await Try($"type: aws-sts, {Account}, serverId: door, endpoint: \"{server.Url}\", allowPrivate: true");
        Assert.Equal(step, found);
        Assert.EndsWith(text, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_service_of_aws_that_is_down_fails_at_its_port()
    {
        var dead = $"http://127.0.0.1:{FreePort.Next()}";
        Assert.Equal(("TCP", "connection refused"),
            await Try($"type: aws-sts, {Account}, serverId: door, endpoint: \"{dead}\", allowPrivate: true"));
    }

    [Fact]
    public async Task Certificates_of_clouds_are_counted_where_nobody_is_asked()
    {
        using var good = TestCertificates.Authority("cloud");
        var file = _authenticators.Write("cloud.pem", good.ExportCertificatePem());
        Assert.Equal((null, "has 1 valid certificate(s); nobody is asked"),
            await Try($"type: azure-attested, subscriptions: [\"00000000-0000-0000-0000-000000000001\"], roots: \"{file}\""));
        var (expired, _) = good.Issue("a", DateTimeOffset.UtcNow.AddMinutes(-1), "metadata.azure.com");
        var old = _authenticators.Write("old.pem", expired);
        Assert.Equal(("roots", "all of the 1 certificate(s) have expired or are not valid yet"),
            await Try($"type: azure-attested, subscriptions: [\"00000000-0000-0000-0000-000000000001\"], roots: \"{old}\""));

        // Keys of elliptic curves do not count for documents of instances.
        var (step, text) = await Try($"type: aws-iid, {Account}, certificates: \"{file}\"");
        Assert.Equal(good.GetRSAPublicKey() is null ? "certificates" : null, step);
        Assert.Contains(step is null ? "has 1 certificate(s) of AWS" : "none of them has an RSA key", text);
    }

    private const string Account = "accounts: [\"123456789012\"]";

    private async Task<(string? Step, string Text)> Try(string yaml)
    {
        var authenticator = _authenticators.Create($"{{ {yaml} }}");
        using var owned = authenticator as IDisposable;
        var trial = await ((ITriable)authenticator).Try(TestContext.Current.CancellationToken);
        return (trial.Step, trial.Text);
    }
}
