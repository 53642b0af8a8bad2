using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// From the configuration to the keys of an AWS principal: 1. static keys, or a web identity of the file or of the environment, or the
/// default chain of AWS (environment, profile, container, instance); 2. the roles, one with the other's keys.
/// </summary>
internal sealed class AwsPrincipal(EcrCredentials ecr, EgressSettings network, CloudTransport clouds)
{
    public async Task<ImmutableCredentials> Resolve(CancellationToken cancellation)
    {
        try
        {
            // 1.
            var (keys, roles) = await Begin(cancellation);

            // 2.
            foreach (var role in roles)
            {
                keys = await Assume(role, keys, cancellation);
            }

            return keys;
        }
        catch (AmazonClientException fault)
            when (fault.InnerException is not (HttpRequestException or IOException or OperationCanceledException))
        {
            throw AwsMachine.NoKeys();
        }
    }

    private async Task<(ImmutableCredentials Keys, IEnumerable<AwsRole> Roles)> Begin(CancellationToken cancellation)
    {
        if (ecr.AccessKey is { } key)
        {
            return (new ImmutableCredentials(key.Id, key.Secret.Read().Reveal(), key.SessionToken?.Read().Reveal()), ecr.Roles);
        }

        if (ecr.WebIdentityTokenFile is { } file)
        {
            return (await AssumeByToken(ecr.Roles[0], file, cancellation), ecr.Roles.Skip(1));
        }

        if (AwsWebIdentity.OfEnvironment() is { } identity)
        {
            return (await AssumeByToken(identity.Role, identity.TokenFile, cancellation), ecr.Roles);
        }

        return await OfEnvironment(cancellation) is var (found, roles) ? (found, roles.Concat(ecr.Roles))
            : (await Machine.Keys(cancellation), ecr.Roles);
    }

    /// <summary>Keys of variables, or of a profile with the roles that it assumes; <c>null</c> where there are none.</summary>
    private async Task<(ImmutableCredentials Keys, IReadOnlyList<AwsRole> Roles)?> OfEnvironment(CancellationToken cancellation)
    {
        if (AwsVariables.Keys() is { } keys)
        {
            return (keys, []);
        }

        if (new AwsProfiles().Find(AwsVariables.Of("AWS_PROFILE")) is not var (profile, roles))
        {
            return null;
        }

        return profile.Options switch
        {
            { RoleArn: { Length: > 0 } arn, WebIdentityTokenFile: { Length: > 0 } file } options =>
                (await AssumeByToken(AwsProfiles.RoleOf(arn, options), file, cancellation), roles),
            { } options when options.CredentialSource == "Environment" => (AwsVariables.Keys() ?? throw AwsMachine.NoKeys(), roles),
            { } options when options.CredentialSource is { Length: > 0 } => (await Machine.Keys(cancellation), roles),
            _ => (await profile.GetAWSCredentials(null).GetCredentialsAsync().WaitAsync(cancellation), roles),
        };
    }

    private AwsMachine Machine => new(clouds, AwsVariables.Of);

    private async Task<ImmutableCredentials> AssumeByToken(AwsRole role, string file, CancellationToken cancellation)
    {
        using var sts = new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), StsConfiguration());
        try
        {
            var reply = await sts.AssumeRoleWithWebIdentityAsync(
                new AssumeRoleWithWebIdentityRequest
                {
                    RoleArn = role.Arn, RoleSessionName = role.SessionName, WebIdentityToken = new FileSecret(file).Read().Reveal(),
                },
                cancellation);
            return reply.Credentials.GetCredentials();
        }
        catch (AmazonServiceException fault)
        {
            throw Refused(role, "sts:AssumeRoleWithWebIdentity", fault);
        }
    }

    private async Task<ImmutableCredentials> Assume(AwsRole role, ImmutableCredentials keys, CancellationToken cancellation)
    {
        AWSCredentials signer = keys.UseToken
            ? new SessionAWSCredentials(keys.AccessKey, keys.SecretKey, keys.Token)
            : new BasicAWSCredentials(keys.AccessKey, keys.SecretKey);
        using var sts = new AmazonSecurityTokenServiceClient(signer, StsConfiguration());
        try
        {
            var reply = await sts.AssumeRoleAsync(
                new AssumeRoleRequest
                {
                    RoleArn = role.Arn, RoleSessionName = role.SessionName, ExternalId = role.ExternalId
                }, cancellation);
            return await reply.Credentials.GetCredentialsAsync();
        }
        catch (AmazonServiceException fault)
        {
            throw Refused(role, "sts:AssumeRole", fault);
        }
    }

    private AmazonSecurityTokenServiceConfig StsConfiguration()
    {
        var configuration = new AmazonSecurityTokenServiceConfig
        {
            HttpClientFactory = new Clients(() => clouds.Client(network, ecr.StsEndpoint)), MaxErrorRetry = 1,
            Timeout = TimeSpan.FromSeconds(5), UseFIPSEndpoint = ecr.Fips,
        };
        if (ecr.StsEndpoint is { } endpoint)
        {
            configuration.ServiceURL = endpoint.AbsoluteUri;
            configuration.AuthenticationRegion = ecr.Region;
        }
        else
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(ecr.Region);
        }

        return configuration;
    }

    private static IssueException Refused(AwsRole role, string right, AmazonServiceException fault)
    {
        var code = AwsErrors.Say(fault.ErrorCode);
        return AwsErrors.KindOf(fault.StatusCode, code) switch
        {
            UpstreamFailureKind.Refused =>
                new(UpstreamFailureKind.Refused,
                    $"AWS STS denied{code} a role: the caller needs {right}, and the role's trust policy must name it")
            {
                Detail = $"AWS STS denied{code} the role {role.Arn}: the caller needs {right}, and the role's trust policy must name the " +
                    $"caller (and the external id)",
            },
            var kind => new(kind, $"AWS STS answers {(int)fault.StatusCode}{code}"),
        };
    }

    private sealed class Clients(Func<HttpClient> create) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => create();

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => true;
    }
}
