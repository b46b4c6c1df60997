// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";

/// @title MockCredentials
/// @notice A credential reader whose answers anyone can set: for tests only.
contract MockCredentials is ICredentialReader {
    mapping(CredentialType => mapping(address => bool)) private _valid;

    function set(CredentialType credentialType, address subject, bool valid) external {
        _valid[credentialType][subject] = valid;
    }

    function isValid(CredentialType credentialType, address subject) public view returns (bool) {
        return _valid[credentialType][subject];
    }

    function attributesOf(CredentialType credentialType, address subject) external view returns (bool, uint64) {
        return (isValid(credentialType, subject), 0);
    }
}
