using System.Net.Sockets;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// A real OpenLDAP server: erin and frank below ou=people, the password being the name and <c>-canary-password</c>; erin is in the group
/// ops. Plain, StartTLS on one port, LDAPS on the other.
/// </summary>
internal sealed class Slapd : IAsyncDisposable
{
    public const string Admin = "cn=admin,dc=example";
    public const string AdminPassword = "ldap-canary-password";

    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Slapd(TemporaryFolder folder, ChildProcess process, int port, int tlsPort) =>
        (_folder, _process, Port, TlsPort) = (folder, process, port, tlsPort);

    public int Port { get; }

    public int TlsPort { get; }

    public string Ca => _folder.File("tls.crt");

    public static async Task<Slapd> Start()
    {
        var folder = new TemporaryFolder();
        using var certificate = TestCertificates.ForLocalhost("directory");
        var (crt, key) = certificate.Pem();
        folder.Write("tls.crt", crt);
        folder.Write("tls.key", key);
        Directory.CreateDirectory(folder.File("db"));
        var configuration = folder.Write("slapd.conf", Configuration(folder));
        (await Shell.Run("slapadd", ["-f", configuration, "-l", folder.Write("data.ldif", Data)])).ShouldSucceed();
        var (port, tlsPort) = (FreePort.Next(), FreePort.Next());
        var slapd = new Slapd(
            folder,
            ChildProcess.Start("slapd", ["-f", configuration, "-h", $"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tlsPort}", "-d", "0"]),
            port, tlsPort);
        await Eventually.True(() => Answers(tlsPort), $"slapd answers; it said:\n{slapd._process.Output}");
        return slapd;
    }

    /// <summary>Changes the directory (ldapmodify).</summary>
    public async Task Modify(string ldif) => (await Shell.Run(
        "ldapmodify", ["-x", "-H", $"ldap://127.0.0.1:{Port}", "-D", Admin, "-w", AdminPassword], ldif)).ShouldSucceed();

    public void Kill() => _process.Kill();

    public static string PasswordOf(string user) => $"{user}-canary-password";

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<bool> Answers(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Configuration(TemporaryFolder folder) => $"""
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        include /etc/ldap/schema/inetorgperson.schema
        modulepath /usr/lib/ldap
        moduleload back_mdb
        allow bind_anon_cred
        TLSCertificateFile {folder.File("tls.crt")}
        TLSCertificateKeyFile {folder.File("tls.key")}
        database mdb
        suffix "dc=example"
        rootdn "{Admin}"
        rootpw {AdminPassword}
        directory {folder.File("db")}
        access to attrs=userPassword by anonymous auth by * none
        access to * by dn.exact="{Admin}" write by users read by anonymous auth
        """;

    private const string Data = """
        dn: dc=example
        objectClass: dcObject
        objectClass: organization
        o: example
        dc: example

        dn: ou=people,dc=example
        objectClass: organizationalUnit
        ou: people

        dn: ou=groups,dc=example
        objectClass: organizationalUnit
        ou: groups

        dn: uid=erin,ou=people,dc=example
        objectClass: inetOrgPerson
        uid: erin
        cn: Erin
        sn: E
        userPassword: erin-canary-password

        dn: uid=frank,ou=people,dc=example
        objectClass: inetOrgPerson
        uid: frank
        cn: Frank (the second)
        sn: F
        userPassword: frank-canary-password

        dn: cn=ops,ou=groups,dc=example
        objectClass: groupOfNames
        cn: ops
        member: uid=erin,ou=people,dc=example

        dn: cn=all,ou=groups,dc=example
        objectClass: groupOfNames
        cn: all
        member: uid=erin,ou=people,dc=example
        member: uid=frank,ou=people,dc=example

        """;
}
