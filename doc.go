// Package sallyport is an embeddable server that speaks the AWS APIs, runs real
// Lambda functions, and decides every call as AWS does: who may invoke a
// function, and what the function may do.
//
// A Go test starts one, points any AWS SDK at its endpoint, and closes it:
//
//	server, err := sallyport.New(sallyport.Config{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer server.Close()
//	config := aws.Config{
//		Region:       "us-east-1",
//		BaseEndpoint: aws.String(server.Endpoint()),
//		Credentials:  ..., // server.RootCredentials, or those of a user you make
//	}
//
// Servers are independent of each other: any number run in one process.
package sallyport
