using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.CredentialHelper;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Mirror;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent.Doors;

/// <summary>Files of a node that several processes write at a time, as kubelet runs a provider for each image of a first boot.</summary>
public sealed class NonceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_many_log_in_at_once_the_nonce_that_the_instance_is_bound_to_is_kept()
    {
        using var folder = new TemporaryFolder();
        await using var metadata = await MetadataServer.Start();
        using var service = new MetadataService("AWS", new Uri(metadata.Url));
        using var door = new Door();
        using var http = new HttpClient(door);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => LogIn(folder, service, http)));
        Assert.All(outcomes, outcome => Assert.True(outcome.Succeeded(out var _, out var failure), failure?.Message));
        Assert.Equal(door.Bound, await File.ReadAllTextAsync(folder.File("state/nonce-door.example-legacy"), Cancellation));
        Assert.Equal(1, door.Nonces);
        Assert.True((await LogIn(folder, service, http)).Succeeded(out _, out _));
    }

    [Fact]
    public async Task Who_is_bound_already_waits_for_nobody()
    {
        using var folder = new TemporaryFolder();
        await using var metadata = await MetadataServer.Start();
        using var service = new MetadataService("AWS", new Uri(metadata.Url));
        using var door = new Door();
        using var http = new HttpClient(door);
        Assert.True((await LogIn(folder, service, http)).Succeeded(out _, out _));
        using var held = FileLock.TryTake(folder.File("state/nonce-door.example-legacy.lock"));
        Assert.NotNull(held);
        Assert.True((await LogIn(folder, service, http)).Succeeded(out _, out _));
    }

    [Fact]
    public async Task Whoever_hangs_with_a_lock_is_not_waited_for_for_ever()
    {
        using var folder = new TemporaryFolder();
        using var held = FileLock.TryTake(folder.File("lock"));
        var time = new FakeTimeProvider();
        var waiting = FileLock.Take(folder.File("lock"), time, Cancellation);
        var fault = await Assert.ThrowsAsync<IOException>(() => time.Passing(waiting, TimeSpan.FromSeconds(1)));
        Assert.Contains("has been held by another process for 15 s", fault.Message);
    }

    [Fact]
    public void A_nonce_that_worked_is_kept_whatever_somebody_else_proposes_and_only_ones_own_is_withdrawn()
    {
        using var folder = new TemporaryFolder();
        NonceFile Kept() => new(folder.Path, "d", "a", TimeProvider.System);
        var (one, other) = (Kept(), Kept());
        Assert.Null(one.Propose("n1"));
        Assert.Null(other.Propose("n2"));
        one.Withdraw("n1");
        Assert.Equal(["n2"], Nonces(one));
        one.Confirm("n1");
        Assert.Equal(["n1"], Nonces(other));
        Assert.Null(other.Propose("n3"));
        one.Confirm("n1");
        Assert.Equal(["n1"], Nonces(other));
    }

    [Fact]
    public async Task Logins_of_people_at_once_are_all_kept()
    {
        using var folder = new TemporaryFolder();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => new CredentialFile(folder.File("c.json")).Change(
            all => all[$"{number}"] = new HelperCredential { Username = "u" }, TimeProvider.System, Cancellation), Cancellation)));
        Assert.Equal(20, new CredentialFile(folder.File("c.json")).Read().Count);
    }

    [Fact]
    public async Task Whoever_needs_the_secret_of_the_mirror_first_all_get_the_same()
    {
        using var folder = new TemporaryFolder();
        var secrets = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            _ => Task.Run(() => MirrorSecret.Obtain(folder.Path).Reveal(), Cancellation)));
        Assert.Single(secrets.Distinct());
        Assert.Equal([folder.File("mirror-secret")], Directory.GetFiles(folder.Path));
        await File.WriteAllTextAsync(folder.File("mirror-secret"), "", Cancellation);
        Assert.NotEqual("", MirrorSecret.Obtain(folder.Path).Reveal());
    }

    private static string[] Nonces(NonceFile kept) => kept.Read().Succeeded(out var nonces, out var failure) ? nonces
        : throw new InvalidOperationException(failure.Message);

    /// <summary>As a process of its own would: only the folder is shared.</summary>
    private static Task<Outcome<RegistryCredential>> LogIn(TemporaryFolder folder, MetadataService service, HttpClient http) =>
        new AwsIidIdentity(
            new IdentitySettings { Kind = IdentityKind.AwsIid, Authenticator = "legacy" }, new AwsMetadata(service),
            new NonceFile(folder.File("state"), "door.example", "legacy", TimeProvider.System)).LogIn(
            new RegistryTokenClient(new Uri("https://door.example"), http, TimeProvider.System), Cancellation);

    /// <summary>A front door that binds the instance to the first nonce that it is shown.</summary>
    private sealed class Door : HttpMessageHandler
    {
        private readonly Lock _lock = new();

        public string? Bound { get; private set; }

        public int Nonces { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get)
            {
                lock (_lock)
                {
                    return Json(HttpStatusCode.OK, $$"""{"nonce":"n{{++Nonces}}"}""");
                }
            }

            var form = await request.Content!.ReadAsStringAsync(cancellationToken);
            var shown = form.Split('&').Select(field => field.Split('=', 2)).First(field => field[0] == "subject_token")[1];
            using var proof = JsonDocument.Parse(Base64Url.DecodeFromChars(shown));
            var nonce = proof.RootElement.GetProperty("nonce").GetString();
            lock (_lock)
            {
                return (Bound ??= nonce) == nonce
                    ? Json(HttpStatusCode.OK, """{"token":"t","refresh_token":"s","expires_in":60}""")
                    : Json(HttpStatusCode.Unauthorized, """{"errors":[{"code":"UNAUTHORIZED","message":"bound to another nonce"}]}""");
            }
        }

        private static HttpResponseMessage Json(HttpStatusCode status, string body) =>
            new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
