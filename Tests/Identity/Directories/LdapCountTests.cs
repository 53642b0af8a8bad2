using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>A directory locks people out by counting: it sees a password once, however its connections end.</summary>
public sealed class LdapCountTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();
    private readonly TcpListener _directory = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _passwords = new();
    private volatile bool _hangUpOnTries;
    private volatile Task _answers = Task.CompletedTask;

    public LdapCountTests() => _directory.Start();

    public void Dispose()
    {
        _authenticators.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_password_is_not_sent_again_when_the_connection_ends_before_the_answer()
    {
        _ = Serve();
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{((IPEndPoint)_directory.LocalEndpoint).Port}\", allowPlaintext: true, userDn: " +
            $"\"uid={{0}},dc=example\" }}");
        Assert.Equal(VerdictKind.Proved, (await Verify(authenticator, "first")).Kind);
        _hangUpOnTries = true;
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, "second")).Kind);
        Assert.Equal(["first", "second"], _passwords);
    }

    [Fact]
    public async Task Who_waits_for_a_connection_does_not_spend_the_directory_s_time()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _answers = answers.Task;
        _ = Serve();
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{((IPEndPoint)_directory.LocalEndpoint).Port}\", allowPlaintext: true, userDn: " +
            $"\"uid={{0}},dc=example\" }}", time);
        var logins = Enumerable.Range(0, LdapPool.MaxLogins + 2).Select(i => Verify(authenticator, $"password {i}")).ToList();
        foreach (var asked in new[] { LdapPool.MaxLogins, logins.Count })
        {
            await Eventually.True(() => _passwords.Count == asked, "the directory is asked");
            time.Advance(LdapPool.Timeout * 0.9);
            var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _answers = next.Task;
            answers.SetResult();
            answers = next;
            await Eventually.True(() => logins.Count(login => login.IsCompleted) == asked, "they are answered");
        }

        Assert.All(await Task.WhenAll(logins), verdict => Assert.Equal(VerdictKind.Proved, verdict.Kind));
    }

    [Fact]
    public async Task A_password_whose_answer_comes_late_may_be_counted_and_is_sent_once()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _answers = Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
        _ = Serve();
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{((IPEndPoint)_directory.LocalEndpoint).Port}\", allowPlaintext: true, userDn: " +
            $"\"uid={{0}},dc=example\" }}", time);
        var login = Verify(authenticator, "late");
        await Eventually.True(() => !_passwords.IsEmpty, "the directory is asked");
        time.Advance(LdapPool.Timeout);
        Assert.Equal((VerdictKind.Unavailable, true), (await login) is var verdict ? (verdict.Kind, verdict.MayBeCounted) : default);
        Assert.Equal(["late"], _passwords);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wrong_password_stays_one_when_the_directory_is_silent_or_talks_nonsense_after_it(bool isSilent)
    {
        var (time, binds) = (new FakeTimeProvider(DateTimeOffset.UtcNow), 0);
        using var directory = new HostileDirectory(
            (id, _) => Interlocked.Increment(ref binds) == 1 ? [HostileDirectory.Message(id, HostileDirectory.Result(0x61, 49))]
            : isSilent ? [] : [HostileDirectory.Message(id + 1, HostileDirectory.Result(0x61, 0))]);
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, userDn: \"uid={{0}},dc=t\", bindDn: " +
            $"\"cn=reader\", bindPassword: {{ value: x }} }}", time);
        var login = Verify(authenticator, "wrong");
        await Eventually.True(() => Volatile.Read(ref binds) == 2, "the reader asks whether the user is there");
        time.Advance(LdapPool.Timeout);
        Assert.Equal(VerdictKind.Refused, (await login).Kind);
        Assert.Equal(2, binds);
    }

    [Fact]
    public async Task A_directory_that_is_away_before_a_password_goes_to_it_has_counted_none()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var asked = 0;
        using var directory = new HostileDirectory((_, _) =>
        {
            Interlocked.Increment(ref asked);
            return [];
        });
        var authenticator = (IPasswordAuthenticator)_authenticators.Create(
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true, bindDn: \"cn=reader\", bindPassword: {{ " +
            $"value: x }}, baseDn: \"dc=t\" }}", time);
        var login = Verify(authenticator, "unsent");
        await Eventually.True(() => Volatile.Read(ref asked) == 1, "the reader is bound");
        time.Advance(LdapPool.Timeout);
        Assert.Equal((VerdictKind.Unavailable, false), (await login) is var verdict ? (verdict.Kind, verdict.MayBeCounted) : default);
    }

    private static async Task<Verdict> Verify(IPasswordAuthenticator authenticator, string password) =>
        await authenticator.Verify(
            "alice", new Secret(password), new PasswordSource("acme", default, true), TestContext.Current.CancellationToken);

    private async Task Serve()
    {
        while (true)
        {
            _ = Talk(await _directory.AcceptTcpClientAsync());
        }
    }

    private async Task Talk(TcpClient client)
    {
        using var connection = client;
        var stream = client.GetStream();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer) is var read and > 0)
        {
            var message = new AsnReader(buffer.AsMemory(0, read), AsnEncodingRules.BER).ReadSequence();
            message.TryReadInt32(out var id);
            var tag = message.PeekTag();
            var operation = message.ReadSequence(tag);
            if (tag.TagValue == 0)
            {
                operation.ReadIntegerBytes();
                operation.ReadOctetString();
                var answers = _answers;
                _passwords.Enqueue(Encoding.UTF8.GetString(operation.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0))));
                await answers;
                if (_hangUpOnTries)
                {
                    return;
                }

                await stream.WriteAsync(Success(id, 1));
            }
            else
            {
                await stream.WriteAsync(Success(id, 5));
            }
        }
    }

    private static byte[] Success(int id, int operation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            using (writer.PushSequence(new Asn1Tag(TagClass.Application, operation, isConstructed: true)))
            {
                writer.WriteEnumeratedValue(Code.Success);
                writer.WriteOctetString([]);
                writer.WriteOctetString([]);
            }
        }

        return writer.Encode();
    }

    private enum Code
    {
        Success = 0,
    }
}
