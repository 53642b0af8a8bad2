using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// One connection to a directory server: one request at a time, no referral followed. After any exception it is of no more use.
/// </summary>
internal sealed class LdapLink : IDisposable
{
    private readonly Socket _socket;
    private Stream _stream;
    private string? _boundAs;
    private LdapBudget _budget = new();
    private int _id;

    private LdapLink(NetworkStream connection) => (_socket, _stream) = (connection.Socket, connection);

    /// <summary>Connects, and encrypts where the server says so.</summary>
    public static async Task<LdapLink> Open(LdapServer server, CancellationToken cancellation)
    {
        var link = new LdapLink(await VettedSocket.Connect(server.Host, server.Port, server.AllowPrivate, cancellation));
        try
        {
            if (server.StartTls)
            {
                Check(await link.Request(LdapMessages.StartTls, LdapReply.ExtendedResponse, cancellation), "StartTLS");
            }

            if (server.StartTls || server.Tls)
            {
                var tls = new SslStream(link._stream);
                link._stream = tls;
                await tls.AuthenticateAsClientAsync(server.Authentication(), cancellation);
            }

            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Whether the server closed the connection while nobody used it.</summary>
    public bool IsClosed => _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead) && _socket.Available == 0;

    /// <summary>What became of the password of somebody who logs in, since the connection was taken.</summary>
    public LdapTry Tried { get; private set; }

    /// <summary>The connection is taken for another piece of work, which has a whole budget.</summary>
    public void Take() => (Tried, _budget) = (LdapTry.None, new LdapBudget());

    /// <summary>Whether the name and password of somebody who logs in are right.</summary>
    /// <exception cref="LdapException">The server answers something that says neither.</exception>
    public async Task<bool> Try(string name, string password, CancellationToken cancellation)
    {
        Tried = LdapTry.Sent;
        var code = await Bind(name, password, cancellation);
        Tried = code == 0 ? LdapTry.Taken
            : LdapReply.Refuses(code) ? LdapTry.Refused
            : LdapReply.IsUndecided(code) ? LdapTry.None : LdapTry.Sent;
        return Tried switch
        {
            LdapTry.Taken => true,
            LdapTry.Refused => false,
            _ => throw new LdapException($"the bind of the user is answered with result code {code}"),
        };
    }

    /// <summary>
    /// Whether the name and password are right. An empty password would be an anonymous bind and is never sent with a name.
    /// </summary>
    private async Task<int> Bind(string name, string password, CancellationToken cancellation)
    {
        if (password.Length == 0 && name.Length > 0)
        {
            return LdapReply.InvalidCredentials;
        }

        _boundAs = null;
        var reply = await Request(id => LdapMessages.Bind(id, name, password), LdapReply.BindResponse, cancellation);
        _boundAs = reply.Code == 0 ? name : null;
        return reply.Code;
    }

    /// <summary>Binds unless that is who the connection is bound as.</summary>
    /// <exception cref="LdapException">The bind is refused.</exception>
    public async Task Become(string name, string password, CancellationToken cancellation)
    {
        if (_boundAs != name && await Bind(name, password, cancellation) is var code and not 0)
        {
            throw new LdapException(LdapReply.Refuses(code)
                ? $"the bind of the reader is refused with result code {code}: check bindDn and bindPassword"
                : $"the bind of the reader is answered with result code {code}");
        }
    }

    /// <summary>What a search finds; nothing when its base is not there.</summary>
    public async Task<IReadOnlyList<LdapEntry>> Search(LdapSearch search, int seconds, CancellationToken cancellation) =>
        await Found(search, seconds, cancellation) ?? [];

    /// <summary>What a search finds; <c>null</c> when its base is not there.</summary>
    public async Task<IReadOnlyList<LdapEntry>?> Found(LdapSearch search, int seconds, CancellationToken cancellation)
    {
        var id = ++_id;
        await _stream.WriteAsync(LdapMessages.Search(id, search, seconds), cancellation);
        List<LdapEntry> entries = [];
        while (true)
        {
            var reply = await Read(id, search.Attributes, cancellation);
            switch (reply.Kind)
            {
                case LdapReply.SearchEntry:
                    _budget.TakeEntry();
                    entries.Add(reply.Entry!);
                    break;
                case LdapReply.SearchReference:
                    _budget.TakeEntry();
                    break;
                case LdapReply.SearchDone when reply.Code is LdapReply.NoSuchObject or LdapReply.InvalidDnSyntax:
                    return null;
                case LdapReply.SearchDone:
                    Check(reply, "a search");
                    return entries;
                default:
                    throw new LdapException("the directory answers something else than a search result");
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task<LdapReply> Request(Func<int, byte[]> request, int kind, CancellationToken cancellation)
    {
        var id = ++_id;
        await _stream.WriteAsync(request(id), cancellation);
        var reply = await Read(id, [], cancellation);
        return reply.Kind == kind ? reply : throw new LdapException("the directory answers another question");
    }

    private async Task<LdapReply> Read(int id, IReadOnlyList<string> attributes, CancellationToken cancellation)
    {
        var header = new byte[6];
        await _stream.ReadExactlyAsync(header.AsMemory(0, 2), cancellation);
        var extra = header[1] > 0x80 ? header[1] - 0x80 : 0;
        if (header[0] != 0x30 || header[1] == 0x80 || extra > 4)
        {
            throw new LdapException("the server does not speak LDAP");
        }

        await _stream.ReadExactlyAsync(header.AsMemory(2, extra), cancellation);
        var length = extra == 0 ? header[1] : header.AsSpan(2, extra).ToArray().Aggregate(0L, (sum, octet) => (sum << 8) | octet);
        _budget.TakeBytes(2 + extra + length);
        var message = new byte[2 + extra + (int)length];
        header.AsSpan(0, 2 + extra).CopyTo(message);
        await _stream.ReadExactlyAsync(message.AsMemory(2 + extra), cancellation);
        try
        {
            var reply = LdapReply.Read(message, attributes, _budget);
            return reply.Id == id ? reply : throw new LdapException("the directory ends the connection or answers out of turn");
        }
        catch (AsnContentException fault)
        {
            throw new LdapException("the server does not speak LDAP", fault);
        }
    }

    private static void Check(LdapReply reply, string what)
    {
        if (reply.Code != 0)
        {
            throw new LdapException($"{what} is refused with result code {reply.Code}");
        }
    }
}

/// <summary>What became of a password that goes to a directory, which counts the wrong ones.</summary>
internal enum LdapTry
{
    /// <summary>It was not sent, or was not looked at.</summary>
    None,

    /// <summary>It was sent, and may be counted: no answer came, or one that does not say.</summary>
    Sent,

    Taken,

    Refused,
}

/// <summary>A directory server cannot be used; the message says why, without any name or password.</summary>
internal class LdapException(string message, Exception? inner = null) : Exception(message, inner);
