// Package lambda is AWS Lambda: functions with their versions, aliases,
// policies and concurrency, and the invokes that run them.
//
// # Who it is when it calls
//
// Lambda calls other services in these ways only, all over the bus:
//
//   - On behalf of its caller (aws:ViaAWSService) it reads code and layers from a
//     bucket, and looks at the subnets, security groups and VPC of a VpcConfig. With
//     kms:ViaService it encrypts variables under a customer's key, makes a grant on
//     it for the execution role, and decrypts what it shows.
//
//   - As the service principal lambda.amazonaws.com it performs sts:AssumeRole
//     on the execution role, when the role is set and for each new execution
//     environment; aws:SourceArn is the function's unqualified ARN and
//     aws:SourceAccount its account. The role's trust policy decides.
//
//   - As the session of the execution role it writes logs, and sends the segments of
//     traced invokes to X-Ray: its own and those the function gave its daemon. These
//     calls carry lambda:SourceFunctionArn, as everything does that the function
//     itself calls. Without the permission nothing is written, and the invoke does
//     not notice.
//
//   - As another session of the execution role it polls the queues of event
//     source mappings, and deletes what the function was done with. These calls
//     lack lambda:SourceFunctionArn. A right that is taken away ends the polls at
//     once: the mapping stays Enabled, and its LastProcessingResult says what is
//     missing (in words of ours: AWS's are not known) until the right is back.
//
//   - As that same session it sends what asynchronous invokes leave: records to
//     destinations, events to dead-letter targets. AWS drops what a target
//     refuses; so is it here, and the refusal can be found in the record.
//
//   - As that same session it makes the network interfaces of functions in a VPC, one
//     for each subnet and set of security groups, and removes them with the last
//     version that needs them. What EC2 refuses then shows as a Failed state or
//     update. An interface that the role may not remove stays, and is tried again
//     when the next one is removed and when the server starts.
//
//   - As that same session it decrypts, for each new environment, variables under a
//     customer's key: by the grant, which it retires when no version needs it. A
//     grant of a role that is gone stays.
//
// What will be done later as the role is tried when it is configured
// (op.Try), and refused with AWS's texts.
//
// Inside itself it brings polled messages to the function: AWS asks no permission
// there, so the function's policy is not looked at.
//
// A request to a function URL is admitted by both of its permissions, for whoever
// signed it or for an anonymous caller; Lambda then runs the function itself, and
// judges nothing more.
//
// An asynchronous invoke is admitted when its event is accepted; running the
// queued event asks nobody again, as on AWS.
//
// # How it differs from AWS
//
//   - Code comes in the request or from a bucket, as a zip; there are no
//     EventBridge destinations,
//     SnapStart, JSON log format, file
//     systems, durable functions or tenant isolation yet. A request that asks
//     for one of them is refused and says so: nothing is silently ignored.
//   - A function in a VPC reaches what every other function reaches: no packet goes
//     through the VPC, whose rules are not looked at. All six of the role's rights
//     that the Lambda guide lists are asked for when it is put there; AWS was seen
//     to refuse for three of them (UNCONFIRMED for the others). There is no IPv6,
//     and a function that is idle stays Active.
//   - GetLayerVersion, like GetFunction, gives no address to download code from.
//     Where functions run without a sandbox, layers are found through the search
//     paths of Python, Node.js, programs and libraries, but not at /opt itself.
//   - Container images are described and cannot run: an invoke says so, and what to
//     do. There is no Amazon ECR, so no repository policy is asked when a function
//     is made of one, and its digest is known only if the address has it.
//   - Code is not signed here, and AWS Signer is not here: a code signing
//     configuration with Enforce refuses all code, one with Warn lets all of it in.
//   - Provisioned concurrency of an alias moves with it at once; AWS keeps the old
//     version's until the new one's is there, and gives the alias weights meanwhile.
//     What failed is tried again every minute; AWS's reasons for a failure are
//     known only for one of the function's init.
//   - An invoke is traced where the mode is Active, by the caller's header or else the
//     first one of a second and one in twenty of the others, of each version; where it
//     is PassThrough nothing is sent, whatever the header says. An environment's
//     session sends, so an invoke that got none leaves no segment.
//   - Variables without a customer's key are sealed with a key of the server's (file
//     keys/lambda of the data directory, mode 0600), not with the AWS managed key;
//     nobody is asked about it. With one, a data key is encrypted under it. A key
//     without variables is granted and not used. Which of CreateGrant and Encrypt AWS
//     tries first, and its text for Encrypt, are UNCONFIRMED.
//   - Deprecated runtimes are not refused: their permissions can be tested,
//     and they run where their interpreter is installed.
//   - A function becomes Active, and an update Successful, within milliseconds;
//     the new code serves from the moment the update was answered.
//   - A policy change is in force for the next request; AWS needs seconds.
//   - What a function logs can be read a moment after its invoke, or a
//     tenth of a second later while its environment is busy (lines of several
//     invokes are written together, and decided when they are written); AWS
//     needs seconds.
//   - Lambda's own sessions of an execution role end with any change in IAM, so
//     that a trust policy or role that is gone stops polls and deliveries at once;
//     AWS goes on with what it has for a while.
//   - Event source mappings are of SQS queues only. An update that only disables
//     one is not refused for rights that its role has lost.
//   - A function that streams waits as soon as its reader does; AWS keeps some of the
//     response for slow readers, and slows down what comes after the first 6 MB.
//     The last event of a stream names a failure by its type, also one that came
//     before the first byte (UNCONFIRMED).
//   - InvokeAsync is let in by lambda:InvokeAsync alone (UNCONFIRMED).
//   - A recursive loop is told by which request caused which, not by a trace
//     header: loops through invokes, destinations, topics and buckets behind
//     destinations are stopped after sixteen runs. One through a queue, or through
//     what a function itself sends to a topic or a bucket, is not seen.
//   - Function URLs are asked for by HTTP too, at ID.lambda-url.REGION.localhost and,
//     for clients that find no such host, at the path /_sallyport/url/ID/. A function
//     behind AWS_IAM gets neither the signature nor the session token of a request
//     to a function URL, and its path in the normal form that the signature covers.
//     Headers that AWS renames (x-amzn-remapped-...) are sent as the function gave
//     them, or left out where the connection has its own.
//   - Only the operations that AWS documents as such can be called on another
//     account's function; every other one is refused with an empty message.
package lambda
