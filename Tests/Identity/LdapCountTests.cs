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

namespace RegistryProxy.Tests.Identity;

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
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{((IPEndPoint)_directory.LocalEndpoint).Port}\", allowPlaintext: true, userDn: \"uid={{0}},dc=example\" }}");
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
            $"{{ type: ldap, url: \"ldap://127.0.0.1:{((IPEndPoint)_directory.LocalEndpoint).Port}\", allowPlaintext: true, userDn: \"uid={{0}},dc=example\" }}", time);
        var logins = Enumerable.Range(0, LdapPool.MaxLogins + 2).Select(i => Verify(authenticator, $"password {i}")).ToList();
        foreach (var asked in new[] { LdapPool.MaxLogins, logins.Count })
        {
            await Eventually.True(() => _passwords.Count == asked, "the directory is asked");
            time.Advance(LdapPool.Timeout * 0.9);
            var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _answers = next.Task;
            answers.SetResult();
            answers = next;
        }

        Assert.All(await Task.WhenAll(logins), verdict => Assert.Equal(VerdictKind.Proved, verdict.Kind));
    }

    private static async Task<Verdict> Verify(IPasswordAuthenticator authenticator, string password) =>
        await authenticator.Verify("alice", new Secret(password), new PasswordSource("acme", default, true), TestContext.Current.CancellationToken);

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
