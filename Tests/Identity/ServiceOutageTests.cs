using System.Buffers.Text;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Aws;
using RegistryProxy.Grains.Network;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Identity;

/// <summary>
/// A directory, issuer, plug-in or token service that is dead has one line in the log with its own reason, a counter, and a gauge for as
/// long as it lasts.
/// </summary>
public sealed class ServiceOutageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PasswordWork _work = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly LogLines<ServiceOutages> _log = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ServiceOutages _outages;
    private readonly MeterReadings _failing;
    private readonly MeterReadings _failures;

    public ServiceOutageTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _outages = new ServiceOutages(meters, _time, _log);
        _failing = new MeterReadings(meters, "registryproxy.authenticator.failing");
        _failures = new MeterReadings(meters, "registryproxy.authenticator.failures");
    }

    public void Dispose()
    {
        _failing.Dispose();
        _failures.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(
        "type: ldap, url: \"ldap://127.0.0.1:DEAD\", LDAP",
        "connect", "onnection refused")]
    [InlineData(
        "type: ldap, url: \"ldap://directory.corp.invalid\", LDAP",
        "name", "does not resolve")]
    [InlineData(
        "type: grpc, endpoint: \"http://127.0.0.1:DEAD\", allowPrivate: true",
        "connect", "onnection refused")]
    [InlineData(
        "type: oidc, issuer: \"http://127.0.0.1:DEAD\", OIDC",
        "connect", "onnection refused")]
    [InlineData(
        "type: oidc, issuer: \"https://login.example\", jwks: \"https://keys.corp.invalid/keys\", audience: door, require: { a: b }",
        "name", "does not resolve")]
    [InlineData(
        "type: aws-sts, accounts: [\"123456789012\"], serverId: door, endpoint: \"http://127.0.0.1:DEAD\", allowPrivate: true",
        "connect", "onnection refused")]
    public async Task A_dead_one_is_said_once_counted_and_shown(string yaml, string kind, string reason)
    {
        using var made = Create(yaml.Replace("DEAD", $"{FreePort.Next()}").Replace("LDAP", Reader).Replace("OIDC", Provider));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(VerdictKind.Unavailable, (await Ask(made)).Kind);
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Matches(
            $"^The server of authenticator it has been failing since .* \\(failures: 1\\): .*{reason}", Assert.Single(_log.Lines));
        Assert.Equal([kind, kind, kind], _failures.Counted.Select(one => one.Labels["reason"]));
        var (value, labels) = Assert.Single(_failing.Shown());
        Assert.Equal((30, "it"), (Math.Round(value), labels["authenticator"]));
        Assert.DoesNotContain("canary", _log.Lines[0]);
        var (name, since, why) = Assert.Single(_outages.Failing());
        Assert.Equal(("it", 30), (name, Math.Round((_time.GetUtcNow() - since).TotalSeconds)));
        Assert.Matches(reason, why);
    }

    [Theory]
    [InlineData("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "status", "keys: http://127.0.0.1:.*/keys answers 503")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "answer", "keys: ")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}", "answer", "keys: 'it' has no keys")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n{", "http", "keys: .*longer than is read")]
    public async Task Keys_that_cannot_be_used_are_told_as_that(string reply, string kind, string reason)
    {
        await using var server = new RawUpstream((_, _) => reply);
        using var made = Create(
            $"type: oidc, issuer: \"https://login.example\", jwks: \"{server.Url}/keys\", audience: door, require: {{ a: b }}, " +
            "allowPrivate: true");
        Assert.Equal(VerdictKind.Unavailable, (await Ask(made)).Kind);
        Assert.Matches(
            $"^The server of authenticator it has been failing since .* \\(failures: 1\\): {reason}", Assert.Single(_log.Lines));
        Assert.Equal(kind, Assert.Single(_failures.Counted).Labels["reason"]);
    }

    [Fact]
    public void The_end_is_said_with_how_long_it_was()
    {
        var server = _outages.Of("it");
        server.Failed(new TimeoutException());
        server.Answered();
        Assert.Single(_log.Lines);
        _time.Advance(TimeSpan.FromMinutes(2));
        server.Answered();
        Assert.Matches("^The server of authenticator it answers again after 120 s \\(1 failures since ", _log.Lines[^1]);
        Assert.Equal(0, Assert.Single(_failing.Shown()).Value);
    }

    /// <summary>Keys are kept for an hour then.</summary>
    [Fact]
    public void Who_answers_once_and_is_not_asked_again_does_not_fail()
    {
        var server = _outages.Of("it");
        server.Failed(new TimeoutException());
        _time.Advance(TimeSpan.FromSeconds(2));
        server.Answered();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(_outages.Failing());
        Assert.Matches("^The server of authenticator it answers again after 2 s \\(1 failures since ", _log.Lines[^1]);
        Assert.Equal(0, Assert.Single(_failing.Shown()).Value);
        _time.Advance(TimeSpan.FromHours(3));
        server.Failed(new TimeoutException());
        Assert.Equal(3, _log.Lines.Count);
        Assert.Contains($"has been failing since {_time.GetUtcNow():u} (failures: 1)", _log.Lines[^1]);
        Assert.Equal(_time.GetUtcNow(), Assert.Single(_outages.Failing()).Since);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Assert.Single(_failing.Shown()).Value > 0);
    }

    /// <summary>Nobody looks meanwhile: the next failure finds out.</summary>
    [Fact]
    public void A_second_outage_begins_anew_and_the_first_has_its_end()
    {
        var server = _outages.Of("it");
        server.Failed(new TimeoutException());
        _time.Advance(TimeSpan.FromSeconds(2));
        server.Answered();
        _time.Advance(TimeSpan.FromHours(3));
        server.Failed(new TimeoutException());
        Assert.Equal(3, _log.Lines.Count);
        Assert.Matches("answers again after 2 s \\(1 failures since ", _log.Lines[1]);
        Assert.Equal((_time.GetUtcNow(), 1.0), (Assert.Single(_outages.Failing()).Since, Assert.Single(_failing.Shown()).Value));
        _time.Advance(TimeSpan.FromHours(2));
        server.Failed(new TimeoutException());
        Assert.Equal(5, _log.Lines.Count);
        Assert.Matches("has not been asked for an hour; whether what failed since .* \\(failures: 1\\) has been mended is not known",
            _log.Lines[3]);
        Assert.Contains($"since {_time.GetUtcNow():u} (failures: 1)", _log.Lines[4]);
    }

    [Fact]
    public void One_questions_answer_ends_no_other_ones_outage()
    {
        var server = _outages.Of("it");
        server.Failed(new TimeoutException(), "token");
        Assert.EndsWith("(failures: 1): token: no answer in time. Logins that need it get 503", _log.Lines[^1]);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            server.Answered("keys");
        }

        Assert.Single(_log.Lines);
        Assert.Equal(300, Math.Round(Assert.Single(_failing.Shown()).Value));
        server.Failed(new TimeoutException(), "keys");
        _time.Advance(TimeSpan.FromMinutes(1));
        server.Answered("token");
        Assert.True(Assert.Single(_failing.Shown()).Value > 0);
        server.Answered("keys");
        Assert.Equal(0, Assert.Single(_failing.Shown()).Value);
        Assert.Matches("^The server of authenticator it answers again after 360 s \\(2 failures since ", _log.Lines[^1]);
    }

    [Fact]
    public void A_connection_that_was_reset_is_no_answer_and_a_status_is_one()
    {
        var server = _outages.Of("it");
        server.Failed(new HttpRequestException("x", new IOException("y", new SocketException((int)SocketError.ConnectionReset))));
        server.Failed(new HttpRequestException("https://login.example/keys answers 503", null, HttpStatusCode.ServiceUnavailable));
        server.Failed(new InvalidDataException("it names another issuer"));
        Assert.Equal(["closed", "status", "answer"], _failures.Counted.Select(one => one.Labels["reason"]));
        Assert.Contains("https://login.example/keys answers 503", _log.Lines[1]);
    }

    [Fact]
    public void What_was_removed_is_forgotten_and_what_comes_back_is_known_again()
    {
        var server = _outages.Of("it");
        server.Failed(new TimeoutException());
        _outages.Keep([]);
        Assert.Matches("^Authenticator it is no longer configured; its server failed since .* \\(failures: 1\\)$", _log.Lines[^1]);
        server.Failed(new TimeoutException());
        Assert.Equal(0, Assert.Single(_failing.Shown()).Value);
        _time.Advance(TimeSpan.FromMinutes(11));
        Assert.Empty(_failing.Shown());
        _outages.Of("it").Failed(new TimeoutException());
        Assert.Equal(1, Assert.Single(_failing.Shown()).Value);
    }

    [Fact]
    public void What_is_not_configured_any_more_or_not_asked_for_an_hour_is_not_shown_to_fail()
    {
        _outages.Of("one").Failed(new TimeoutException());
        _outages.Of("two").Failed(new TimeoutException());
        _outages.Keep(["two"]);
        Assert.Equal(
            [("one", 0.0), ("two", 1.0)], _failing.Shown().Select(one => ((string)one.Labels["authenticator"]!, one.Value)).Order());
        _time.Advance(TimeSpan.FromHours(1));
        Assert.All(_failing.Shown(), one => Assert.Equal(0, one.Value));
    }

    private const string Reader = "allowPlaintext: true, bindDn: \"cn=r\", bindPassword: { value: canary }, baseDn: \"dc=t\"";

    private const string Provider = "audience: door, require: { a: b }, allowPrivate: true";

    private static async Task<Verdict> Ask(Made made) => made.Authenticator switch
    {
        IPasswordAuthenticator password => await password.Verify(
            "alice", new Secret("canary"), default, TestContext.Current.CancellationToken),
        ITokenAuthenticator token => await token.Verify(
            new PresentedCredential("acme", new Secret(token is AwsStsAuthenticator ? Presigned : Jwt)),
            TestContext.Current.CancellationToken),
        _ => throw new InvalidOperationException(),
    };

    private const string Jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.AAAA";

    private static string Presigned => Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(
        AwsSignature.Presign(StsServer.Host, StsServer.AccessKey, StsServer.SecretKey, DateTimeOffset.UtcNow, "door")));

    private Made Create(string yaml)
    {
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", $$"""
            authenticators: { it: { {{yaml}} } }
            upstreams: { hub: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], authenticators: [it], routes: [{ prefix: "", upstream: hub }] } }
            """));
        Assert.Empty(result.Errors);
        var proxies = new EgressProxies(new FixedConfiguration(result.Snapshot!), _time, NullLogger<EgressProxies>.Instance);
        var factory = new AuthenticatorFactory(_work, null!, null!, proxies, _time, NullLoggerFactory.Instance, _outages);
        var (authenticator, problem) = factory.TryCreate(result.Snapshot!.Configuration.Authenticators["it"]);
        return new Made(authenticator ?? throw new InvalidOperationException(problem), proxies);
    }

    /// <summary>An authenticator with what it needs.</summary>
    private sealed record Made(IAuthenticator Authenticator, IDisposable Proxies) : IDisposable
    {
        public void Dispose()
        {
            (Authenticator as IDisposable)?.Dispose();
            Proxies.Dispose();
        }
    }
}
