using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Clustering;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A gateway of the cluster by its certificate, which answers others as the test says.</summary>
internal sealed class FalsePeer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private FalsePeer(WebApplication app, X509Certificate2 certificate) =>
        (_app, Certificate) = (app, certificate);

    public X509Certificate2 Certificate { get; }

    public int Requests => Volatile.Read(ref _requests);

    public FetchMember Member => new("false", new Uri(_app.Urls.Single()), MemberCertificates.ThumbprintOf(Certificate));

    public static async Task<FalsePeer> Start(X509Certificate2 certificate, Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https => (https.ServerCertificate, https.ClientCertificateMode, https.ClientCertificateValidation) =
                (certificate, ClientCertificateMode.RequireCertificate, (shown, _, _) => shown.Subject.Length > 0));
        }));
        var app = builder.Build();
        var peer = new FalsePeer(app, certificate);
        app.Run(context =>
        {
            Interlocked.Increment(ref peer._requests);
            return answer(context);
        });
        await app.StartAsync();
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Certificate.Dispose();
    }
}
