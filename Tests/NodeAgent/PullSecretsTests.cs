using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.PullSecrets;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;
using KubernetesApi = RegistryProxy.NodeAgent.ApiServer.KubernetesApi;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Secrets of a cluster that are kept fresh, and those that are not touched.</summary>
public sealed class PullSecretsTests : IDisposable
{
    private const string Path = "apps/acme-pull";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly StringWriter _said = new();
    private readonly SecretStore _store = new((space, account) => $"token-of-{space}-{account}");
    private readonly Door _door = new();

    public void Dispose()
    {
        _store.Dispose();
        _door.Dispose();
        _said.Dispose();
    }

    [Fact]
    public async Task A_secret_is_made_kept_renewed_at_half_of_its_life_and_made_again_when_it_is_gone_or_changed()
    {
        var secret = Secret();
        Assert.True(await secret.Refresh(default), _said.ToString());
        Assert.Equal("session-1", PasswordIn());
        Assert.Equal(["token-of-apps-builder"], _door.Shown);
        Assert.True(await secret.Refresh(default));
        Assert.Equal((1, 1), (_store.Writes, _store.Tokens));
        _time.Advance(TimeSpan.FromMinutes(29));
        Assert.True(await secret.Refresh(default));
        Assert.Equal("session-1", PasswordIn());
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(await secret.Refresh(default));
        Assert.Equal("session-2", PasswordIn());

        _store.Delete(Path);
        Assert.True(await secret.Refresh(default));
        Assert.Equal("session-2", PasswordIn());
        var changed = _store.Get(Path)!.DeepClone().AsObject();
        changed["data"]![".dockerconfigjson"] = "e30=";
        changed["metadata"]!["annotations"] = new JsonObject { ["somebody"] = "else" };
        _store.Put(Path, changed);
        Assert.True(await secret.Refresh(default));
        Assert.Equal(("session-2", "else"), (PasswordIn(), (string?)_store.Get(Path)!["metadata"]!["annotations"]!["somebody"]));
        Assert.DoesNotContain("session-", _said.ToString());
    }

    [Theory]
    [InlineData("Opaque", "registryproxy-pull-secrets", "its type is not")]
    [InlineData("kubernetes.io/dockerconfigjson", "helm", "belongs to somebody else")]
    [InlineData("kubernetes.io/dockerconfigjson", null, "belongs to somebody else")]
    public async Task A_secret_of_somebody_else_is_never_written_over(string type, string? owner, string saying)
    {
        _store.Put(Path, new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Secret", ["type"] = type, ["data"] = new JsonObject { [".dockerconfigjson"] = "e30=" },
            ["metadata"] = new JsonObject
            {
                ["name"] = "acme-pull",
                ["labels"] = owner is null ? null : new JsonObject { ["app.kubernetes.io/managed-by"] = owner },
            },
        });
        var before = _store.Get(Path)!.ToJsonString();
        var secret = Secret();
        Assert.False(await secret.Refresh(default));
        Assert.False(await secret.Refresh(default));
        Assert.Equal((before, 0, 0), (_store.Get(Path)!.ToJsonString(), _store.Writes, _store.Tokens));
        Assert.Contains(saying, _said.ToString());
        Assert.Equal(2, _said.ToString().Split("apps/acme-pull").Length);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "its role needs 'get secrets' there")]
    [InlineData(HttpStatusCode.ServiceUnavailable, "says 503")]
    [InlineData(HttpStatusCode.Unauthorized, "says 401")]
    public async Task What_the_api_server_refuses_is_told_and_is_made_good_later(HttpStatusCode status, string saying)
    {
        var secret = Secret();
        _store.Fails = status;
        Assert.False(await secret.Refresh(default));
        Assert.Contains(saying, _said.ToString());
        _store.Fails = null;
        _door.Refuses = true;
        Assert.False(await secret.Refresh(default));
        Assert.Contains("the front door does not know you", _said.ToString());
        _door.Refuses = false;
        Assert.True(await secret.Refresh(default));
    }

    [Fact]
    public async Task Whatever_a_front_door_answers_is_told_and_the_secret_is_looked_at_again()
    {
        var secret = Secret();
        _door.Page = "<html>maintenance</html>";
        Assert.False(await secret.Refresh(default));
        Assert.Contains("is it a RegistryProxy?", _said.ToString());
        _door.Page = null;
        foreach (var fault in new Exception[]
        {
            new InvalidOperationException("one"), new FormatException("two"), new NullReferenceException("three"),
        })
        {
            _door.Fault = fault;
            Assert.False(await secret.Refresh(default));
            Assert.Contains(fault.Message, _said.ToString());
        }

        _door.Fault = null;
        Assert.True(await secret.Refresh(default));
        Assert.Equal("session-1", PasswordIn());
    }

    [Fact]
    public async Task A_session_that_was_revoked_is_made_anew_at_the_next_look_and_one_of_a_silent_door_is_kept()
    {
        var secret = Secret();
        Assert.True(await secret.Refresh(default));
        _door.Page = "<html>maintenance</html>";
        Assert.True(await secret.Refresh(default), _said.ToString());
        _door.Page = null;
        Assert.Equal("session-1", PasswordIn());
        _door.Revoked = "session-1";
        Assert.True(await secret.Refresh(default), _said.ToString());
        Assert.True(await secret.Refresh(default), _said.ToString());
        Assert.Equal(("session-2", 2), (PasswordIn(), _store.Tokens));
    }

    [Fact]
    public async Task Who_is_quicker_is_not_written_over_and_not_given_in_to()
    {
        var secret = Secret();
        _store.Conflicts = 2;
        Assert.True(await secret.Refresh(default), _said.ToString());
        Assert.Equal((1, 1), (_store.Writes, _store.Tokens));
        _store.Delete(Path);
        _store.Conflicts = 100;
        Assert.False(await secret.Refresh(default));
        Assert.Equal(97, _store.Conflicts);
    }

    [Fact]
    public async Task What_it_writes_opens_the_front_door_for_what_the_service_account_may()
    {
        await using var issuer = await TestIssuer.Start();
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start($$"""
            upstreams:
              local: { url: "{{upstream.Url}}", allowPrivate: true }
            authenticators:
              fleet: { type: kubernetes, audience: registry, allowPrivate: true, clusters: { eu-1: { issuer: "{{issuer.Url}}" } } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [fleet]
                routes: [{ prefix: "", upstream: local }]
                access:
                  - { name: apps, who: ["subject:fleet/eu-1/system:serviceaccount:apps:*"], repositories: ["apps/**"], actions: [pull] }
            """);
        using var store = new SecretStore((space, account) => issuer.Sign(Payload(issuer, space, account)));
        using var http = new HttpClient();
        Assert.True(await Secret(store, new RegistryTokenClient(new Uri(door.DataUrl), http, TimeProvider.System)).Refresh(default),
            _said.ToString());
        var entry = store.ConfigOf(Path)["auths"]![door.Authority]!;
        var (user, password) = ((string)entry["username"]!, (string)entry["password"]!);
        Assert.Equal($"{user}:{password}", Encoding.UTF8.GetString(Convert.FromBase64String((string)entry["auth"]!)));
        using var kubelet = new RegistryClient(door.DataUrl, user, password);
        using var mine = await kubelet.GetManifest("apps/web", "v1");
        Assert.Equal(HttpStatusCode.OK, mine.StatusCode);
        using var other = await kubelet.GetManifest("other/web", "v1");
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
    }

    [Theory]
    [InlineData("secrets: []", "may not be empty")]
    [InlineData("secrets: [{ namespace: apps }]", "name: is required")]
    [InlineData("secrets: [{ namespace: Apps, name: a }]", "must be a Kubernetes name")]
    [InlineData("secrets: [{ namespace: \"a/../b\", name: a }]", "must be a Kubernetes name")]
    [InlineData("secrets: [{ namespace: a, name: a }, { namespace: a, name: a }]", "listed twice")]
    [InlineData("secrets: [{ namespace: a, name: a, frontDoor: \"https://other.example\" }]", "one of frontDoors that has workloads")]
    [InlineData("server: \"http://api.example\", secrets: [{ namespace: a, name: a }]", "must be https")]
    public void What_is_wrong_with_the_settings_is_told(string yaml, string saying) =>
        Assert.Contains(Settings(yaml).Errors, error => error.Contains(saying, StringComparison.Ordinal));

    private static (AgentSettings? Settings, IReadOnlyList<string> Errors) Settings(string pullSecrets) => SettingsFile.Parse($$"""
        frontDoors: [{ url: "https://docker.acme.example", workloads: { authenticator: fleet, audience: registry } }]
        pullSecrets: { {{pullSecrets}} }
        """, "nodeagent.yaml");

    private string PasswordIn() => (string)_store.ConfigOf(Path)["auths"]!["docker.acme.example"]!["password"]!;

    private PullSecret Secret() =>
        Secret(_store, new RegistryTokenClient(new Uri("https://docker.acme.example"), new HttpClient(_door), _time));

    private PullSecret Secret(SecretStore store, RegistryTokenClient registry)
    {
        var (settings, errors) = Settings("secrets: [{ namespace: apps, name: acme-pull, serviceAccount: builder }]");
        Assert.Empty(errors);
        var api = new KubernetesApi(new HttpMessageInvoker(store), new Uri("https://api.example"), () => SecretStore.Token, _time);
        return new PullSecret(settings!.PullSecrets!.Secrets[0], new SecretApi(api, "apps"), registry, _said, _time);
    }

    private static Dictionary<string, object> Payload(TestIssuer issuer, string space, string account) => new()
    {
        ["iss"] = issuer.Url, ["aud"] = new[] { "registry" }, ["sub"] = $"system:serviceaccount:{space}:{account}",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600, ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["kubernetes.io"] = new Dictionary<string, object>
        {
            ["namespace"] = space, ["serviceaccount"] = new { name = account, uid = "1" },
        },
    };

    /// <summary>A front door that gives a session of an hour for each proof.</summary>
    private sealed class Door : HttpMessageHandler
    {
        public List<string> Shown { get; } = [];

        public bool Refuses { get; set; }

        /// <summary>A session that counts no more.</summary>
        public string? Revoked { get; set; }

        /// <summary>What everything is answered with; <c>null</c> for what is so.</summary>
        public string? Page { get; set; }

        /// <summary>What everything ends with; <c>null</c> for an answer.</summary>
        public Exception? Fault { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
        {
            if (Fault is not null)
            {
                throw Fault;
            }

            if (Page is not null)
            {
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Page) };
            }

            var form = System.Web.HttpUtility.ParseQueryString(await request.Content!.ReadAsStringAsync(cancellation));
            if (Refuses || (Revoked is not null && form["refresh_token"] == Revoked))
            {
                return new HttpResponseMessage(HttpStatusCode.Unauthorized)
                {
                    Content = new StringContent(
                        """{"errors":[{"code":"UNAUTHORIZED","message":"the front door does not know you"}]}"""),
                };
            }

            if (form["refresh_token"] is not null)
            {
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"access_token":"x"}""") };
            }

            Shown.Add(form["subject_token"]!);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(
                    $$"""{"access_token":"x","refresh_token":"session-{{Shown.Count}}","refresh_expires_in":3600}"""),
            };
        }
    }
}
