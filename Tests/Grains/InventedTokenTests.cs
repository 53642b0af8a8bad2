using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// Text that a stranger made up names no grain, or few; a token of ours works whatever strangers do, and for as long as it lives.
/// </summary>
public sealed class InventedTokenTests : IAsyncLifetime
{
    private const int Tries = 2000;

    private const string Yaml = """
        tokens: { refreshLifetime: 30h, keyRotation: 1h }
        upstreams: { up: { url: "https://up.example" } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          sso: { type: oidc, issuer: "https://idp.example", audience: x, allowAnySubject: true, clientId: x }
        tenants:
          acme: { hosts: ["*"], authenticators: [staff, sso], routes: [{ prefix: "", upstream: up }] }
        """;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private GrainCluster _cluster = null!;

    public async ValueTask InitializeAsync() =>
        _cluster = await GrainCluster.Start(Yaml, time: _time,
            prepare: folder => folder.Write(
                "htpasswd", string.Concat(new[] { "alice", "bob" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n"))));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Invented_refresh_tokens_make_few_sessions_and_those_of_ours_work_beside_them()
    {
        var token = await Login();
        var answers = await All(i => Refresh($"rpr_{Base64($"staff\nsession\nnobody-{i}")}.{new string('A', 43)}", "10.0.0.1"));
        Assert.Equal([LoginStatus.Rejected, LoginStatus.Throttled], answers.Distinct().Order());
        Assert.InRange(await Activations("session"), 0, 100);
        Assert.Equal(LoginStatus.Granted, await Refresh(token, "10.0.0.1"));

        // As a version before this one made it: no seal, and its session knows it by another hash; it is charged, and refused at this
        // address.
        Assert.Equal(LoginStatus.Throttled, await Refresh(token[..token.LastIndexOf('.')], "10.0.0.1"));
        Assert.Equal(LoginStatus.Rejected, await Refresh(token[..token.LastIndexOf('.')], "10.0.0.2"));
    }

    [Fact]
    public async Task A_seal_that_is_not_ours_is_none()
    {
        var token = await Login();
        var forged = token[..^22] + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var answers = await All(_ => Refresh(forged, "10.0.0.1"));
        Assert.Contains(LoginStatus.Throttled, answers);
        Assert.DoesNotContain(LoginStatus.Granted, answers);
        var other = $"rpr_{Base64("staff\nsession\nbob")}.{new string('A', 43)}.{token[^22..]}";
        Assert.Contains(LoginStatus.Throttled, await All(_ => Refresh(other, "10.0.0.2")));
        Assert.Equal(LoginStatus.Rejected, await Refresh($"rpr_{Base64("nowhere\nsession\nbob")}.{new string('A', 43)}", "10.0.0.1"));
    }

    [Fact]
    public async Task A_token_that_has_ended_is_looked_for_seldom_and_those_beside_it_go_on()
    {
        var (token, neighbour) = (await Login(), await Login("bob"));
        Assert.Equal(1, await _cluster.Operators.Call<ITenantSessionsGrain, int>(
            "acme", sessions => sessions.RevokeSubject("alice", TestContext.Current.CancellationToken)));
        var answers = await All(_ => Refresh(token, "10.0.0.1"));
        Assert.Equal([LoginStatus.Rejected, LoginStatus.Throttled], answers.Distinct().Order());
        Assert.Equal(EndedTokens.Burst, answers.Count(answer => answer == LoginStatus.Rejected));

        // Whoever is behind the same address, and the same user with a new login.
        Assert.Equal(LoginStatus.Granted, await Refresh(neighbour, "10.0.0.1"));
        Assert.Equal(LoginStatus.Granted, await Refresh(await Login(), "10.0.0.1"));
        Assert.Equal(LoginStatus.Rejected, await Refresh(token, "10.0.0.2"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(LoginStatus.Rejected, await Refresh(token, "10.0.0.1"));

        // Only the identity is sealed: many made of one count together.
        var made = await All(i => Refresh($"rpr_{Base64($"staff\nsession-{i}\nalice")}.{new string('A', 43)}.{token[^22..]}", "10.0.0.3"));
        Assert.Equal(EndedTokens.Burst * EndedTokens.MaxOfGrain, made.Count(answer => answer == LoginStatus.Rejected));
    }

    [Fact]
    public async Task The_code_of_a_device_that_has_ended_is_looked_for_seldom()
    {
        var device = await _cluster.Client.GetGrain<IInteractiveLoginGrain>(0).BeginDevice("acme", "10.0.0.1");
        _time.Advance(TimeSpan.FromMinutes(11));
        var answers = await All(_ => Poll(device!.DeviceCode.Reveal()));
        Assert.Equal(EndedTokens.Burst, answers.Count(answer => answer == LoginStatus.BadRequest));
        Assert.Equal(Tries - EndedTokens.Burst, answers.Count(answer => answer == LoginStatus.Throttled));
    }

    [Fact]
    public async Task A_seal_is_good_for_as_long_as_its_token_lives()
    {
        var token = await Login();
        for (var hour = 0; hour < 29; hour++)
        {
            _time.Advance(TimeSpan.FromHours(1));
            await _cluster.Client.GetGrain<ILoginGrain>(0).Login(Request(LoginCredentials.Anonymous, ""));
        }

        await All(i => Refresh($"rpr_{Base64($"staff\nsession\nnobody-{i}")}.{new string('A', 43)}", "10.0.0.1"));
        Assert.Equal(LoginStatus.Granted, await Refresh(token, "10.0.0.1"));
    }

    [Fact]
    public async Task Invented_device_codes_make_few_logins_and_a_device_of_ours_goes_on()
    {
        var people = _cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var device = await people.BeginDevice("acme", "10.0.0.1");
        var answers = await All(_ => Poll($"{UserCode()}.{new string('A', 43)}"));
        Assert.Equal([LoginStatus.BadRequest, LoginStatus.Throttled], answers.Distinct().Order());
        Assert.InRange(await Activations("device"), 0, 100);
        var poll = await _cluster.Client.GetGrain<ILoginGrain>(0)
            .Login(Request(new(LoginCredentialsKind.DeviceCode, "", device!.DeviceCode), "10.0.0.1"));
        Assert.Equal("authorization_pending", poll.DeviceError);
    }

    [Fact]
    public async Task User_codes_cannot_be_guessed_fast_and_a_right_one_costs_nothing()
    {
        var people = _cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var device = await people.BeginDevice("acme", "10.0.0.9");
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(new DeviceSearch("10.0.0.9", false), await people.SearchDevice("acme", device!.UserCode, "10.0.0.1"));
        }

        var looked = 0;
        for (var i = 0; i < Tries; i++)
        {
            looked += (await people.SearchDevice("acme", UserCode(), "10.0.0.1")).Throttled ? 0 : 1;
        }

        Assert.InRange(looked, 5, 20);
        Assert.InRange(await Activations("device"), 0, 30);
        Assert.Equal(new DeviceSearch("10.0.0.9", false), await people.SearchDevice("acme", device!.UserCode, "10.0.0.2"));
    }

    [Fact]
    public async Task Logins_of_devices_are_bounded_per_address_and_in_all()
    {
        var people = _cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var started = 0;
        for (var i = 0; i < 1500; i++)
        {
            started += await people.BeginDevice("acme", $"10.0.{i / 10 / 250}.{i / 10 % 250}") is null ? 0 : 1;
        }

        Assert.InRange(started, 900, 1001);
    }

    private async Task<LoginStatus> Refresh(string token, string address) =>
        (await _cluster.Client.GetGrain<ILoginGrain>(0)
            .Login(Request(new(LoginCredentialsKind.RefreshToken, "", new Secret(token)), address))).Status;

    private async Task<LoginStatus> Poll(string code) =>
        (await _cluster.Client.GetGrain<ILoginGrain>(0)
            .Login(Request(new(LoginCredentialsKind.DeviceCode, "", new Secret(code)), "10.0.0.1"))).Status;

    private async Task<string> Login(string user = "alice")
    {
        var login = await _cluster.Client.GetGrain<ILoginGrain>(0)
            .Login(Request(new(LoginCredentialsKind.Password, user, new Secret("pw")), "10.0.0.1"));
        Assert.Equal(LoginStatus.Granted, login.Status);
        return login.RefreshToken!.Reveal();
    }

    private static async Task<List<LoginStatus>> All(Func<int, Task<LoginStatus>> one)
    {
        List<LoginStatus> answers = [];
        for (var i = 0; i < Tries; i++)
        {
            answers.Add(await one(i));
        }

        return answers;
    }

    private async Task<int> Activations(string kind) =>
        (await _cluster.Service<IGrainFactory>().GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics())
            .Where(grain => grain.GrainType.Contains(kind, StringComparison.OrdinalIgnoreCase)).Sum(grain => grain.ActivationCount);

    private static LoginRequest Request(LoginCredentials credentials, string address) =>
        new()
        {
            Tenant = "acme", Service = "here", Offline = credentials.Kind == LoginCredentialsKind.Password, Credentials = credentials,
            ClientAddress = address
        };

    private static string UserCode()
    {
        var code = RandomNumberGenerator.GetString("BCDFGHJKLMNPQRSTVWXZ", 8);
        return $"{code[..4]}-{code[4..]}";
    }

    private static string Base64(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
