using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Plugin;
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
}
