using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.PullSecrets;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using KubernetesApi = RegistryProxy.NodeAgent.ApiServer.KubernetesApi;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>
/// Two controllers of one Secret beside others who write and delete it, under an API server that refuses, conflicts and loses: what is
/// somebody else's stays as it is, and nobody asks without a pause.
/// </summary>
public sealed class PullSecretScheduleTests : IDisposable
{
    private const string Path = "apps/acme-pull";

    /// <summary>Three tries of a reading, a token and a writing.</summary>
    private const int MostRequests = 9;

    private static readonly HttpStatusCode?[] Faults =
    [
        null, null, null, null, HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.Conflict,
        HttpStatusCode.Gone, HttpStatusCode.UnprocessableEntity, HttpStatusCode.TooManyRequests, HttpStatusCode.InternalServerError,
        HttpStatusCode.ServiceUnavailable, HttpStatusCode.Accepted,
    ];

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly StringWriter _said = new();
    private readonly SecretStore _store = new((space, account) => $"token-of-{space}-{account}");
    private readonly Door _door = new();
    private bool _hasToken = true;

    public void Dispose()
    {
        _store.Dispose();
        _door.Dispose();
        _said.Dispose();
    }

    [Fact]
    public async Task What_is_somebody_elses_is_never_lost_and_what_is_ours_is_good_in_the_end()
    {
        for (var seed = 0; seed < Sizes.Of(60, 3000); seed++)
        {
            _store.Delete(Path);
            await Play(new Random(seed), $"seed {seed}");
        }

        Assert.DoesNotContain("session-", _said.ToString());
    }

    [Fact]
    public async Task Whoever_refuses_for_an_hour_is_asked_less_and_less()
    {
        _store.Fails = HttpStatusCode.TooManyRequests;
        using var stop = new CancellationTokenSource();
        var running = Secret().Run(stop.Token);
        for (var second = 0; second < 3600; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        // 5 s, 10 s … 5 min: seven of the first ten minutes, and one of each five that follow.
        Assert.InRange(_store.Requests, 1, 20);
        Assert.Contains("429 TooManyRequests (TooManyRequests)", _said.ToString());
        await stop.CancelAsync();
        await Eventually.True(
            () =>
            {
                _time.Advance(TimeSpan.FromMinutes(5));
                return running.IsCompleted;
            },
            "it ends");
    }

    private async Task Play(Random random, string where)
    {
        PullSecret[] controllers = [Secret(), Secret()];
        string? foreign = null;
        for (var step = 0; step < 40; step++)
        {
            _store.Fails = Pick(random, Faults);
            _store.Conflicts = random.Next(8) == 0 ? random.Next(4) : 0;
            (_door.Refuses, _hasToken) = (random.Next(6) == 0, random.Next(8) > 0);
            _store.Meanwhile = random.Next(3) == 0 ? () => foreign = Change(random, foreign) : null;
            foreign = random.Next(6) == 0 ? Change(random, foreign) : foreign;
            var before = _store.Requests;
            await Pick(random, controllers).Refresh(default);
            Assert.InRange(_store.Requests - before, 0, MostRequests);
            Assert.True(foreign is null || _store.Get(Path)?.ToJsonString() == foreign, $"{where}, step {step}: {_said}");
            _time.Advance(TimeSpan.FromMinutes(random.Next(40)));
        }

        (_store.Fails, _store.Meanwhile, _store.Conflicts, _door.Refuses, _hasToken) = (null, null, 0, false, true);
        if (foreign is not null)
        {
            _store.Delete(Path);
        }

        foreach (var controller in controllers)
        {
            Assert.True(await controller.Refresh(default), $"{where}: {_said}");
        }
    }

    /// <summary>Somebody puts a Secret there, or deletes what is there.</summary>
    private string? Change(Random random, string? foreign)
    {
        if (random.Next(2) == 0)
        {
            _store.Delete(Path);
            return null;
        }

        if (foreign is null)
        {
            _store.Put(Path, new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Secret", ["type"] = "kubernetes.io/dockerconfigjson",
                ["data"] = new JsonObject { [".dockerconfigjson"] = "e30=" },
                ["metadata"] = new JsonObject { ["name"] = "acme-pull", ["uid"] = $"{random.Next()}" },
            });
        }

        return _store.Get(Path)!.ToJsonString();
    }

    private static T Pick<T>(Random random, T[] some) => some[random.Next(some.Length)];

    private PullSecret Secret()
    {
        var (settings, errors) = SettingsFile.Parse(
            """
            frontDoors: [{ url: "https://docker.acme.example", workloads: { authenticator: fleet, audience: registry } }]
            pullSecrets: { secrets: [{ namespace: apps, name: acme-pull, serviceAccount: builder }] }
            """,
            "nodeagent.yaml");
        Assert.Empty(errors);
        var api = new KubernetesApi(
            new HttpMessageInvoker(_store, disposeHandler: false), new Uri("https://api.example"),
            () => _hasToken ? SecretStore.Token : throw new IOException("the token cannot be read"), _time);
        return new PullSecret(
            settings!.PullSecrets!.Secrets[0], new SecretApi(api, "apps"),
            new RegistryTokenClient(new Uri("https://docker.acme.example"), new HttpClient(_door, disposeHandler: false), _time), _said,
            _time);
    }

    /// <summary>A front door that gives a session of an hour for each proof, or refuses all.</summary>
    private sealed class Door : HttpMessageHandler
    {
        private int _sessions;

        public bool Refuses { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
        {
            var form = System.Web.HttpUtility.ParseQueryString(await request.Content!.ReadAsStringAsync(cancellation));
            return Refuses
                ? new HttpResponseMessage(HttpStatusCode.Unauthorized)
                {
                    Content = new StringContent("""{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"""),
                }
                : new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(form["refresh_token"] is not null ? """{"access_token":"x"}"""
                        : $$"""{"access_token":"x","refresh_token":"session-{{++_sessions}}","refresh_expires_in":3600}"""),
                };
        }
    }
}
