// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Test} from "../utils/Test.sol";
import {WillLeaf} from "../../contracts/wills/libraries/WillLeaf.sol";

contract WillLeafTest is Test {
    function rootOf(bytes32 leaf, bytes32[] calldata proof) external pure returns (bytes29) {
        return WillLeaf.rootOf(leaf, proof);
    }

    function testFuzz_rootOfAgreesWithThePlainTwin(bytes32 leaf, bytes32[] memory proof) external view {
        bytes29 expected = bytes29(MerkleProof.processProof(proof, leaf));
        assertEq(bytes32(this.rootOf(leaf, proof)), bytes32(expected), "root");
    }
}
